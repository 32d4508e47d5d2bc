"""Eight workers, each with some transactions one after the other. Prints how many gave the right answer, and what the
others said."""

import asyncio
import collections
import json
import os
import threading

ROUNDS = int(os.environ["ROUNDS"])
said = collections.Counter()
right = 0
lock = threading.Lock()


def note(error):
    with lock:
        said[f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"] += 1


def check(value, answer):
    global right
    if answer != value + 1:
        raise ValueError(f"{value} + 1 = {answer}")
    with lock:
        right += 1


def report():
    print(json.dumps({"right": right, "said": said}), flush=True)
    os._exit(0)


def work(transaction):
    def worker(number):
        for round in range(ROUNDS):
            value = number * 1000 + round
            try:
                check(value, transaction(value))
            except Exception as error:
                note(error)

    threads = [threading.Thread(target=worker, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report()


async def work_async(transaction):
    async def worker(number):
        for round in range(ROUNDS):
            value = number * 1000 + round
            try:
                check(value, await transaction(value))
            except Exception as error:
                note(error)

    await asyncio.gather(*(worker(number) for number in range(8)))
    report()
