"""Refusals: dead letters wait for their topic within a bound; what it never takes is lost alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from agents.health.statistics import Meter
from agents.worker.partition import Partition
from agents.worker.refusals import Refusals, WaitRules
from streams.errors import BrokerUnavailable
from streams.events.decoding import Refusal
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.sessions.ledger import Ticket
from tests.until import until

AT_ONCE = LimitRules(window_s=0.0)


class Topic:
    """Takes letters unless it is away; `never` are offsets that it refuses for good."""

    def __init__(self, never: frozenset[int] = frozenset()) -> None:
        self.away, self.never = True, never
        self.letters: list[DeadLetter] = []

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        if self.away:
            raise BrokerUnavailable("no leader")
        self.letters += [letter for letter in letters if letter.offset not in self.never]
        return {number: "not allowed" for number, letter in enumerate(letters) if letter.offset in self.never}


async def test_it_counts_as_away_until_it_takes_them() -> None:
    """Then the letters are counted by reason, once, and nothing is away."""
    topic, meter, partition = Topic(), Meter(), Partition(0, 1, 0.0)
    refusals = Refusals(topic, LimitRules(), meter)
    async with running(refusals):
        refusals.add(partition, "clicks", [refused(partition, 7)])
        await until(lambda: refusals.away == "no leader")
        assert meter.dead_letters == 0
        topic.away = False
        await until(lambda: not refusals.waiting)
    assert refusals.away is None
    assert [letter.offset for letter in topic.letters] == [7]
    assert meter.dead_letter_reasons == {"json": 1}


async def test_nobody_waits_for_a_partition_that_went() -> None:
    """When the partition is no longer ours, its letters are somebody else's, and so is the outage."""
    partition, refusals = Partition(0, 1, 0.0), Refusals(Topic(), LimitRules(), Meter())
    async with running(refusals):
        refusals.add(partition, "clicks", [refused(partition, 7)])
        await until(lambda: refusals.away is not None)
        partition.end()
        await until(lambda: not refusals.waiting)
    assert refusals.away is None


async def test_a_letter_that_is_never_taken_is_lost_alone() -> None:
    """It is counted apart, holds the commit no longer than the others, and those beside it are sent."""
    topic, meter, partition = Topic(never=frozenset({8})), Meter(), Partition(0, 1, 0.0)
    topic.away = False
    refusals = Refusals(topic, AT_ONCE, meter)
    some = [refused(partition, offset) for offset in (7, 8, 9)]
    partition.ledger.received(9)
    async with running(refusals):
        refusals.add(partition, "clicks", some)
        await until(lambda: not refusals.waiting)
    refusals.settle(asyncio.get_running_loop().time())
    assert [letter.offset for letter in topic.letters] == [7, 9]
    assert (meter.dead_letters, meter.dead_letters_lost) == (2, 1)
    assert partition.ledger.uncovered() == 10


@pytest.mark.parametrize("wait", [WaitRules(letters=2), WaitRules(size_bytes=16)])
async def test_what_waits_is_bounded(wait: WaitRules) -> None:
    """In number and in bytes. While the topic is away nobody waits for room, but is refused; when it is back there is
    some."""
    topic, partition = Topic(), Partition(0, 1, 0.0)
    refusals = Refusals(topic, LimitRules(), Meter(), wait)
    await refusals.room()
    refusals.add(partition, "clicks", [refused(partition, 7), refused(partition, 8)])
    async with running(refusals):
        with pytest.raises(BrokerUnavailable, match="no leader"):
            await refusals.room()
        topic.away = False
        await until(lambda: not refusals.waiting)
        await refusals.room()


async def test_room_is_waited_for_while_letters_go_out() -> None:
    """Ingest is slowed down to what the topic takes, and not stopped."""
    topic, partition = Topic(), Partition(0, 1, 0.0)
    topic.away = False
    refusals = Refusals(topic, LimitRules(), Meter(), WaitRules(letters=1, at_once=1))
    refusals.add(partition, "clicks", [refused(partition, 7), refused(partition, 8)])
    async with running(refusals):
        await refusals.room()
    assert [letter.offset for letter in topic.letters] == [7, 8]


@asynccontextmanager
async def running(refusals: Refusals) -> AsyncIterator[None]:
    """While letters go out."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(refusals.run())
        yield
        task.cancel()


def refused(partition: Partition, offset: int) -> tuple[Refusal, Ticket]:
    record = SimpleNamespace(offset=offset, timestamp=0, key=b"ada", value=b"no json!", headers=())
    return Refusal(record, "json"), partition.ledger.owe(offset, None, 0.0)
