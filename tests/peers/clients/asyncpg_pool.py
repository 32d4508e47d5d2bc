import asyncio

from db import connect
from work import note, report, work_async


async def main():
    try:
        pool = await connect()
    except Exception as error:
        note(error)
        report()

    async def transaction(value):
        async with pool.acquire() as connection, connection.transaction():
            return await connection.fetchval("SELECT $1::int + 1", value)

    await work_async(transaction)


asyncio.run(main())
