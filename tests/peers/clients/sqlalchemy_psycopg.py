from db import engine
from sqlalchemy import text
from work import work


def transaction(value):
    with engine.begin() as connection:
        return connection.execute(text("SELECT cast(:value AS int) + 1"), {"value": value}).scalar()


work(transaction)
