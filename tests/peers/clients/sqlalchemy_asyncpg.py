import asyncio

from db import engine
from sqlalchemy import text
from work import work_async


async def transaction(value):
    async with engine.begin() as connection:
        result = await connection.execute(text("SELECT cast(:value AS int) + 1"), {"value": value})
        return result.scalar()


asyncio.run(work_async(transaction))
