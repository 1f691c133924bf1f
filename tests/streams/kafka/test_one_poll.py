"""One poll, of a consumer whose group is in the midst of a rebalance, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from aiokafka.consumer.fetcher import FetchResult
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.kafka.one_poll import PORTION, polled
from tests.clients.virtual import virtually

OURS = TopicPartition("clicks", 0)
MOST = 1_000
LATER_S, POLL_S = 0.2, 1.0


class Fetch(FetchResult):  # type: ignore[misc] # aiokafka has no types
    """As aiokafka's result of one, of partitions that are still ours."""

    def __init__(self, records: list[int]) -> None:
        self.records = records

    def getall(self, max_records: int) -> list[int]:
        some, self.records = self.records[:max_records], self.records[max_records:]
        return some

    def has_more(self) -> bool:
        return bool(self.records)


class Failed(NamedTuple):
    """What a fetch met."""

    error: Exception


class Assignment:
    def __init__(self) -> None:
        self.unassign_future = asyncio.get_running_loop().create_future()

    @property
    def active(self) -> bool:
        return not self.unassign_future.done()


class Consumer:
    """As aiokafka's, with its fetcher and its subscription, as far as they are asked."""

    def __init__(self) -> None:
        self._fetcher = self._subscription = self.subscription = self
        self._max_poll_records = MOST
        self._closed = self.reassignment_in_progress = False
        self.assignment = Assignment()
        self._records: dict[TopicPartition, Any] = {}
        self._wait_consume_future, self.asked_for_more = None, 0
        self.waiters: list[asyncio.Future[None]] = []

    def wait_for_assignment(self) -> asyncio.Future[None]:
        return self._create_fetch_waiter()

    def _create_fetch_waiter(self) -> asyncio.Future[None]:
        self.waiters.append(asyncio.get_running_loop().create_future())
        return self.waiters[-1]

    async def fetched_records(self, tps: list[TopicPartition], timeout: float, **_: int) -> dict[Any, Any]:
        assert not timeout
        assert not self.reassignment_in_progress
        (tp,) = tps
        raise self._records.pop(tp).error  # records are taken without it

    def _notify(self, _: None) -> None:
        self.asked_for_more += 1

    def fetched(self) -> None:
        self._records[OURS] = Fetch([7])
        self.waiters[-1].set_result(None)

    def assigned_anew(self) -> None:
        self.assignment.unassign_future.set_result(None)
        self.assignment, self.reassignment_in_progress = Assignment(), False

    def assigned_at_last(self) -> None:
        self.reassignment_in_progress = False
        self.waiters[-1].set_result(None)


def polling(
    prepare: Callable[[Consumer], object], later: Callable[[Consumer], object] = lambda _: None
) -> tuple[dict[Any, Any], float]:
    """What a poll brings, and how long it waits, if this is so before it, and that happens later."""

    async def main() -> tuple[dict[Any, Any], float]:
        loop, consumer = asyncio.get_running_loop(), Consumer()
        prepare(consumer)
        began_s = loop.time()
        loop.call_later(LATER_S, later, consumer)
        asked: Awaitable[Any] = polled(consumer, {OURS}, POLL_S)
        found = dict(await asked)
        assert all(waiter.done() for waiter in consumer.waiters)
        return found, loop.time() - began_s

    return virtually(main)


def rebalancing(consumer: Consumer) -> None:
    consumer.reassignment_in_progress = True


def test_what_is_there_is_handed_out_at_once() -> None:
    assert polling(lambda consumer: consumer._records.update({OURS: Fetch([7])})) == ({OURS: [7]}, 0.0)


def test_what_comes_ends_the_wait() -> None:
    found, waited_s = polling(lambda _: None, Consumer.fetched)
    assert found == {OURS: [7]}
    assert waited_s == pytest.approx(LATER_S, abs=0.01)


def test_nothing_comes_for_as_long_as_is_waited() -> None:
    found, waited_s = polling(lambda _: None)
    assert found == {}
    assert waited_s == pytest.approx(POLL_S, abs=0.01)


def test_a_new_assignment_ends_the_wait() -> None:
    """It may have brought partitions that this poll was not asked for, and whose records it would leave."""
    found, waited_s = polling(lambda _: None, Consumer.assigned_anew)
    assert found == {}
    assert waited_s == pytest.approx(LATER_S, abs=0.01)


def test_a_poll_in_a_rebalance_ends_with_it() -> None:
    """It was asked for partitions of before."""
    found, waited_s = polling(rebalancing, Consumer.assigned_at_last)
    assert found == {}
    assert waited_s == pytest.approx(LATER_S, abs=0.01)


def test_what_aiokafka_tells_whoever_waits_is_raised() -> None:
    """Such as that we may not read the topic."""
    with pytest.raises(KafkaError):
        polling(lambda _: None, lambda consumer: consumer.waiters[-1].set_exception(KafkaError()))


def backlog(partitions: int, records: int) -> dict[TopicPartition, Any]:
    return {TopicPartition("clicks", number): Fetch([*range(records)]) for number in range(partitions)}


def handed_out(fetches: dict[TopicPartition, Any], polls: int) -> list[dict[int, list[int]]]:
    """What so many polls bring, by partition."""

    async def main() -> list[dict[int, list[int]]]:
        consumer = Consumer()
        consumer._records = fetches
        found = [await polled(consumer, None, 0) for _ in range(polls)]
        return [{tp.partition: records for tp, records in some.items()} for some in found]

    return virtually(main)


def test_a_poll_brings_some_of_several_partitions() -> None:
    """After an outage each has thousands here. The next poll brings those that this one did not, and then the rest."""
    portions = handed_out(backlog(6, 2 * PORTION), 3)
    assert [[*some] for some in portions] == [[0, 1, 2, 3], [4, 5, 0, 1], [2, 3, 4, 5]]
    assert all(len(records) == PORTION for some in portions for records in some.values())
    assert portions[0][0] + portions[1][0] == [*range(2 * PORTION)]


@pytest.mark.parametrize(("partitions", "each"), [(1, MOST), (2, MOST // 2), (3, MOST // 3)])
def test_a_poll_is_no_smaller_for_it(partitions: int, each: int) -> None:
    (portions,) = handed_out(backlog(partitions, 2 * MOST), 1)
    assert {number: len(records) for number, records in portions.items()} == dict.fromkeys(range(partitions), each)


def test_few_records_of_many_partitions_come_at_once() -> None:
    (portions,) = handed_out(backlog(64, 3), 1)
    assert len(portions) == 64


def test_what_a_fetch_met_takes_nothing_with_it() -> None:
    """What was handed out before is told first; the next poll raises."""

    async def main() -> None:
        consumer = Consumer()
        consumer._records = backlog(1, 3) | {TopicPartition("clicks", 1): Failed(KafkaError("no such offset"))}
        assert await polled(consumer, None, 0) == {OURS: [0, 1, 2]}
        with pytest.raises(KafkaError, match="no such offset"):
            await polled(consumer, None, 0)

    virtually(main)


def test_more_is_fetched_of_what_was_handed_out_whole() -> None:
    """aiokafka fetches nothing of a partition while it has some of it."""

    async def main() -> None:
        consumer = Consumer()
        consumer._records = backlog(2, 3 * PORTION)
        seen = [(await polled(consumer, None, 0), consumer.asked_for_more)[1] for _ in range(2)]
        assert (seen, consumer._records) == ([0, 2], {})

    virtually(main)


def test_others_are_left_alone() -> None:
    """Such as those that are paused."""

    async def main() -> None:
        consumer = Consumer()
        consumer._records = backlog(3, 2)
        assert await polled(consumer, {OURS}, 0) == {OURS: [0, 1]}
        assert len(consumer._records) == 2

    virtually(main)
