"""How many calls begin in a turn of the loop."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from agents.worker.turns import MOST, TURN_S, CallPacer, calls_a_turn


@given(st.integers(1, MOST), st.floats(0, 10))
def test_a_turn_has_at_least_one_call_and_no_more_than_time_for(begun: int, took_s: float) -> None:
    """By what those of the turn before took."""
    following = calls_a_turn(begun, took_s)
    assert 1 <= following <= MOST
    assert following == 1 or following * took_s / begun <= TURN_S * 1.001


async def rounds(pacer: CallPacer, calls: int) -> int:
    """How many turns the loop takes while so many calls begin."""
    turned = 0

    async def count() -> None:
        nonlocal turned
        while True:
            turned += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    for _ in range(calls):
        await pacer.began()
    counting.cancel()
    return turned


async def test_while_ingest_is_behind_each_call_has_a_turn_of_its_own() -> None:
    """Others run between any two of them."""
    assert await rounds(CallPacer(lambda: True), 40) == 40


async def test_calls_that_take_no_time_begin_together() -> None:
    """As many as may; the loop comes round all the same."""
    assert 40 / MOST <= await rounds(CallPacer(lambda: False), 40) < 40
