"""The agent: who of a poll is taken in when."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from agents.worker.agent import take_in
from penchant.offline.whatif.arrivals import Record
from streams.errors import Stop
from streams.kafka.batches import Poll, RecordBatch


class Taking:
    """Takes as long as its gate is shut, or fails; notes whom it was given in which turn of the loop."""

    def __init__(self, *, fails: bool = False) -> None:
        self.gate, self.begun, self.turn, self._fails = asyncio.Event(), list[tuple[int, int, int]](), 0, fails

    async def take(self, batch: RecordBatch) -> None:
        self.begun.append((self.turn, batch.partition, batch.records[0].offset))
        if self._fails:
            raise Stop("no more", "look why")
        await self.gate.wait()

    async def turns(self) -> None:
        """Count the turns."""
        while True:
            self.turn += 1
            await asyncio.sleep(0)


async def polled(*polls: Sequence[tuple[int, int]]) -> AsyncIterator[Poll]:
    """Polls that brought a record each of these partitions, at these offsets."""
    for poll in polls:
        yield Poll([RecordBatch("events", number, 1, [Record(at, 0, b"", b"")]) for number, at in poll])


async def test_a_polls_partitions_begin_in_the_same_turn() -> None:
    """What they ask the store for is asked together."""
    taking = Taking()
    taking.gate.set()
    turning = asyncio.create_task(taking.turns())
    await take_in(polled([(0, 5), (1, 7), (2, 9)]), taking)
    turning.cancel()
    assert [who[1:] for who in taking.begun] == [(0, 5), (1, 7), (2, 9)]
    assert len({turn for turn, _, _ in taking.begun}) == 1


async def test_only_the_same_partition_waits() -> None:
    """A partition that is at its batch before holds up none that is not, and gets its next one after it."""
    taking = Taking()
    agent = asyncio.create_task(take_in(polled([(0, 5)], [(0, 6), (1, 7)]), taking))
    for _ in range(5):
        await asyncio.sleep(0)
    assert [who[1:] for who in taking.begun] == [(0, 5), (1, 7)]
    taking.gate.set()
    await agent
    assert [who[1:] for who in taking.begun] == [(0, 5), (1, 7), (0, 6)]


async def test_what_ends_the_worker_comes_out_as_it_is() -> None:
    """Not in a group of errors."""
    with pytest.raises(Stop):
        await take_in(polled([(0, 5), (1, 7)]), Taking(fails=True))
