"""One poll, of a consumer whose group is in the midst of a rebalance, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from streams.kafka.one_poll import polled
from tests.clients.virtual import virtually

OURS = TopicPartition("clicks", 0)
LATER_S, POLL_S = 0.2, 1.0


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
        self._max_poll_records = 10
        self._closed = self.reassignment_in_progress = False
        self.assignment = Assignment()
        self.records: dict[TopicPartition, list[int]] = {}
        self.waiters: list[asyncio.Future[None]] = []

    def wait_for_assignment(self) -> asyncio.Future[None]:
        return self._create_fetch_waiter()

    def _create_fetch_waiter(self) -> asyncio.Future[None]:
        self.waiters.append(asyncio.get_running_loop().create_future())
        return self.waiters[-1]

    async def fetched_records(self, tps: set[TopicPartition], timeout: float, max_records: int) -> dict[Any, Any]:
        assert not timeout
        assert not self.reassignment_in_progress
        return {tp: self.records.pop(tp)[:max_records] for tp in tps & self.records.keys()}

    def fetched(self) -> None:
        self.records[OURS] = [7]
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
    assert polling(lambda consumer: consumer.records.update({OURS: [7]})) == ({OURS: [7]}, 0.0)


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
