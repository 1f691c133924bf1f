"""Client call: the processor time of a call in the client of an OpenAI-compatible server, by itself:

    python -m benchmarks.client_call [ROUNDS] [PROFILE]

A round is of 1,000 calls, 32 at a time, through the pools, to the minimal server (benchmarks/answering.py), which is a
process of its own. PROFILE is a file for cProfile, which makes everything slower.
"""

import asyncio
import cProfile
import gc
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

from benchmarks.answering import AnsweringServer
from clients.calls import Call
from clients.dialects.openai import OpenAIClient
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool

CALLS, AT_ONCE, ROUNDS = 1_000, 32, 15
DELAY_S, WITHIN_S = 0.02, 60.0
PROMPT = "2,v,7,1,3,129.00,Some product with a title of ordinary length\n" * 30

NUMBERS = count()


async def measure(client: PooledClient, profile: cProfile.Profile | None = None) -> float:
    """Microseconds of this thread's processor time a call, of one round."""
    gc.collect()
    began_s = time.thread_time()
    if profile is not None:
        profile.enable()
    async with asyncio.TaskGroup() as callers:
        for _ in range(AT_ONCE):
            callers.create_task(_caller(client, CALLS // AT_ONCE))
    if profile is not None:
        profile.disable()
    return (time.thread_time() - began_s) / (CALLS // AT_ONCE * AT_ONCE) * 1e6


async def _caller(client: PooledClient, calls: int) -> None:
    for _ in range(calls):
        number = next(NUMBERS)
        deadline_s = asyncio.get_running_loop().time() + WITHIN_S
        call = Call(f"call-{number}", PROMPT, deadline_s, 200, f"shopper-{number}", stop=("\n\n",), json_schema="{}")
        if not (await client.complete(call)).text:
            raise AssertionError("the minimal server has answered with nothing")


async def main(rounds: str = str(ROUNDS), file: str = "") -> None:
    """Measure, and print the least and the middle."""
    profile = cProfile.Profile() if file else None
    with tempfile.TemporaryDirectory() as folder:
        async with AnsweringServer(Path(folder), DELAY_S) as server:
            pool = Pool("model", (Endpoint(url=server.url),))
            client = PooledClient([pool], lambda _: OpenAIClient(server.url))
            try:
                await measure(client)
                found = sorted([await measure(client, profile) for _ in range(int(rounds))])
            finally:
                await client.close()
    if profile is not None:
        profile.dump_stats(file)
    sys.stdout.write(f"least {found[0]:.0f} us a call, middle {found[len(found) // 2]:.0f}\n")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
