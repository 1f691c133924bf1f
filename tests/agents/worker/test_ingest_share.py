"""Duty: shares of the loop's time, on a processor clock that the test turns."""

import asyncio
from dataclasses import dataclass

import pytest

from agents.worker.ingest_share import MOST_S, IngestCpuShare


@dataclass
class Clock:
    """Processor time that passes when work is done."""

    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def _ingest_share(clock: Clock, *, behind: bool = True) -> IngestCpuShare:
    ingest_share = IngestCpuShare(clock, share=0.7)
    ingest_share.listen(lambda: behind)
    return ingest_share


def _slice(ingest_share: IngestCpuShare, clock: Clock, slice_s: float, others_s: float) -> float:
    clock.now_s += others_s + slice_s
    return ingest_share.worked(slice_s)


async def _waits(ingest_share: IngestCpuShare) -> bool:
    """Whether a call must wait at all; a turn that does not wait ends without letting others run."""
    turn = asyncio.ensure_future(ingest_share.yield_to_ingest())
    await asyncio.sleep(0)
    waits = not turn.done()
    turn.cancel()
    return waits


def test_ingest_rests_for_the_others_share() -> None:
    """Seven parts work, three parts rest."""
    clock = Clock()
    assert _slice(_ingest_share(clock), clock, 0.007, 0.0) == pytest.approx(0.003)


async def test_calls_begin_within_their_share() -> None:
    """Three parts for seven of ingest's are theirs, and more are not."""
    clock = Clock()
    ingest_share = _ingest_share(clock)
    ingest_share.worked(0.0)
    _slice(ingest_share, clock, 0.007, 0.0029)
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
    for _ in range(3):
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
