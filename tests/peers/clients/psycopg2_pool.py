from work import note, report, work

try:
    from db import pool
except Exception as error:  # it connects when it is made
    note(error)
    report()


def transaction(value):
    connection = pool.getconn()
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT %s::int + 1", (value,))
            return cursor.fetchone()[0]
    finally:
        pool.putconn(connection)


work(transaction)
