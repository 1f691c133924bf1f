"""Lag watch: the lag as Kafka tells it, and Kafka's silence."""

import asyncio
from collections.abc import Mapping

import pytest

from agents.health.lag_watch import BEHIND_S, FEW, MANY, LagWatch, in_passing
from streams.errors import BrokerUnavailable
from streams.kafka.batches import TP
from tests.until import until


class Log:
    """Tells the lag it is given, or that Kafka is silent."""

    polled_s = 0.0
    rebalances = 0

    def __init__(self) -> None:
        self.told: Mapping[TP, int] | None = None
        self.read = 0
        self.confirmed: Mapping[TP, int] = {}

    async def lags(self) -> Mapping[TP, int]:
        if self.told is None:
            raise BrokerUnavailable("no answer")
        return self.told


async def test_silence_and_return() -> None:
    """While Kafka is silent it is away, with the reason; what it told last stays until it tells anew."""
    log = Log()
    watch = LagWatch(log)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(0.001))
        await until(lambda: watch.away is not None)
        assert (watch.away, watch.lags) == ("no answer", {})
        log.told = {TP("clicks", 0): 7}
        await until(lambda: watch.away is None)
        assert watch.lags == {TP("clicks", 0): 7}
        log.told = None
        await until(lambda: watch.away is not None)
        assert watch.lags == {TP("clicks", 0): 7}
        running.cancel()


@pytest.mark.parametrize(
    ("read", "passed_s", "passing"),
    [(0, 0.0, FEW), (0, 1.0, FEW), (40_000, 2.0, 20_000 * BEHIND_S), (100, 1.0, FEW), (1_000_000, 1.0, MANY)],
)
def test_what_is_read_in_passing_follows_the_pace(read: int, passed_s: float, passing: float) -> None:
    """Some thousand records are a moment for one worker, and seconds for another."""
    assert in_passing(read, passed_s) == passing


async def test_a_slow_worker_is_behind_with_little() -> None:
    """With as many as a fast one would read in passing: its pace of late is what counts."""
    log = Log()
    log.told = {TP("clicks", 0): FEW + 1, TP("clicks", 1): FEW}
    watch = LagWatch(log)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(0.001))
        await until(lambda: bool(watch.lags))
        assert watch.behind()
        log.told = {TP("clicks", 0): FEW}
        await until(lambda: watch.lags == log.told)
        assert not watch.behind()
        running.cancel()


async def test_nobody_makes_room_for_what_is_not_read() -> None:
    """Else calls would be held back for as long as a partition is paused, though they are what it waits for; or as
    Kafka is away, or operators have paused all."""
    log, paused = Log(), set[TP]()
    log.told = {TP("clicks", 0): FEW, TP("clicks", 1): MANY}
    watch = LagWatch(log)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(0.001))
        await until(lambda: watch.behind(paused))
        paused.add(TP("clicks", 1))
        assert not watch.behind(paused)
        paused.clear()
        log.told = None
        await until(lambda: watch.away is not None)
        assert not watch.behind(paused)
        running.cancel()


async def test_what_was_read_since_waits_no_more() -> None:
    """Events may come in bursts, and Kafka tells of one as it comes: a look stands behind the fetch that waits for it.
    The next look may wait for the next burst."""
    log = Log()
    log.told = {TP("clicks", 0): 2 * FEW}
    watch = LagWatch(log)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(3_600.0))
        await until(watch.behind)
        log.read += FEW - 1
        assert watch.behind()
        log.read += 1
        assert not watch.behind()
        running.cancel()
