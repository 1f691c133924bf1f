"""Ingest share: on a processor clock that the test turns; and how many calls begin in a turn of the loop."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.worker.ingest_share import CALLS, LEAST_REST_S, MOST_S, TURN_S, CallPacer, IngestCpuShare, calls_a_turn


@dataclass
class Clock:
    """Processor time that passes when work is done."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def _ingest_share(clock: Clock, *, behind: bool = True) -> IngestCpuShare:
    ingest_share = IngestCpuShare(clock, share=0.7, behind_share=0.9)
    ingest_share.listen(lambda: behind)
    return ingest_share


def _slice(
    ingest_share: IngestCpuShare, clock: Clock, slice_s: float, others_s: float, *, urgent: bool = False
) -> float:
    clock.now_s += others_s + slice_s
    return ingest_share.worked(slice_s, urgent=urgent)


async def _waits(ingest_share: IngestCpuShare) -> bool:
    """Whether a call must wait at all; a turn that does not wait ends without letting others run."""
    turn = asyncio.ensure_future(ingest_share.yield_to_ingest())
    await asyncio.sleep(0)
    waits = not turn.done()
    turn.cancel()
    return waits


def test_ingest_rests_for_the_others_share() -> None:
    """Seven parts work, three parts rest; while it is behind nine and one, unless somebody urgent waits."""
    clock = Clock()
    keeping_up, behind = _ingest_share(clock, behind=False), _ingest_share(clock)
    assert _slice(keeping_up, clock, 0.007, 0.0) == pytest.approx(0.003)
    assert _slice(behind, clock, 0.009, 0.0) == pytest.approx(0.001)
    assert _slice(behind, clock, 0.007, 0.0, urgent=True) == pytest.approx(0.003)


def test_short_rests_are_taken_together() -> None:
    """After a slice of a few events nobody waits for a timer, and none of the rest is lost."""
    clock = Clock()
    ingest_share = _ingest_share(clock, behind=False)
    rests = [_slice(ingest_share, clock, 0.0002, 0.0) for _ in range(70)]
    assert rests[0] == 0.0
    assert min(filter(None, rests)) >= LEAST_REST_S
    assert sum(rests) == pytest.approx(0.0002 * 70 * 3 / 7, abs=LEAST_REST_S)


async def test_calls_begin_within_their_share() -> None:
    """Three parts for seven of ingest's are theirs where somebody urgent waits, and more are not."""
    clock = Clock()
    ingest_share = _ingest_share(clock)
    ingest_share.worked(0.0)
    _slice(ingest_share, clock, 0.007, 0.0029, urgent=True)
    assert not await _waits(ingest_share)
    clock.now_s += 0.0002
    assert await _waits(ingest_share)


async def test_nobody_waits_while_ingest_keeps_up() -> None:
    """What ingest does not need is for whoever wants it."""
    clock = Clock()
    ingest_share = _ingest_share(clock, behind=False)
    _slice(ingest_share, clock, 0.001, 5.0)
    assert not await _waits(ingest_share)


async def test_long_times_are_soon_paid() -> None:
    """However much the others had, they are even after as much of ingest's time as `MOST_S` stands for."""
    clock = Clock()
    ingest_share = _ingest_share(clock)
    _slice(ingest_share, clock, 0.001, 60.0)
    assert await _waits(ingest_share)
    for _ in range(10):
        _slice(ingest_share, clock, MOST_S, 0.0)
    assert not await _waits(ingest_share)


async def test_a_call_begins_in_the_end() -> None:
    """Ingest may be behind for hours."""
    clock = Clock()
    ingest_share = _ingest_share(clock)
    _slice(ingest_share, clock, 0.001, 60.0)
    assert await _waits(ingest_share)
    async with asyncio.timeout(60):
        await ingest_share.yield_to_ingest()


async def test_without_a_clock_nobody_waits() -> None:
    """Simulations have no processor time to share."""
    ingest_share = IngestCpuShare()
    ingest_share.listen(lambda: True)
    assert ingest_share.worked(0.0) == 0.0
    assert not await _waits(ingest_share)


@given(st.integers(1, CALLS), st.floats(0, 10))
def test_a_turn_has_at_least_one_call_and_no_more_than_time_for(begun: int, took_s: float) -> None:
    """By what those of the turn before took."""
    following = calls_a_turn(begun, took_s)
    assert 1 <= following <= CALLS
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
    assert 40 / CALLS <= await rounds(CallPacer(lambda: False), 40) < 40
