"""Many calls, a fifth of them abandoned at any moment: nothing is left of them, on either side."""

import asyncio
import gc
from itertools import pairwise
from random import Random

import pytest

from clients.calls import Completion
from tests.clients.asking import ask, eventually
from tests.clients.conftest import Bench
from tests.fakes.scripted_calls import Turn

pytestmark = pytest.mark.slow

ROUNDS = 5
CALLS = 500
AT_ONCE = 64
LONG_S = 60.0
LEAK = 0.5
"""Objects that every call would leave in every round: less than a task for each abandoned one. What is alive also
changes with the connections that happen to be open, and jumps where something is used for the first time."""


async def play(bench: Bench, random: Random, count: int) -> list[Completion]:
    """Make calls, abandon a fifth of them after up to 30 ms, and return the answers to the others."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Completion | None:
        async with places:
            if number % 5:
                return await bench.client.complete(ask(Turn((f"{number}",), delay_s=0.005 * random.random())))
            task = asyncio.create_task(bench.client.complete(ask(Turn(delay_s=LONG_S))))
            await asyncio.sleep(0.03 * random.random())
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
            return None

    outcomes = await asyncio.gather(*(one(number) for number in range(count)))
    return [outcome for outcome in outcomes if outcome is not None]


@pytest.mark.parametrize(
    "dialect",
    [*(pytest.param(name, marks=pytest.mark.triton) for name in ("triton", "triton-llmapi", "triton-http")), "openai"],
)
async def test_nothing_is_left(bench: Bench) -> None:
    """Every call that a server began has ended there, no task runs on, and memory does not grow with calls."""
    random, alive = Random(1), []
    before = asyncio.all_tasks()  # those of earlier tests may end meanwhile
    for _ in range(ROUNDS):
        answers = await play(bench, random, CALLS)
        assert [answer.text for answer in answers] == [f"{number}" for number in range(CALLS) if number % 5]
        tally = await eventually(bench.tally, lambda tally: tally.opened == tally.closed)
        del answers
        gc.collect()
        alive.append(len(gc.get_objects()))
    assert tally.opened > ROUNDS * CALLS * 0.8
    assert tally.cancelled > ROUNDS * CALLS * 0.05
    await bench.client.close()

    async def left() -> set[asyncio.Task[object]]:
        return asyncio.all_tasks() - before

    await eventually(left, lambda tasks: not tasks)
    assert min(later - earlier for earlier, later in pairwise(alive)) < LEAK * CALLS, alive
