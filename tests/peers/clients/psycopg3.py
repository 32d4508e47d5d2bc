import os

from db import pool
from work import work


def transaction(value):
    with pool.connection(timeout=float(os.environ["PATIENCE"])) as connection:
        return connection.execute("SELECT %s::int + 1", (value,)).fetchone()[0]


work(transaction)
