"""Lag watch: the lag as Kafka tells it, and Kafka's silence."""

import asyncio
from collections.abc import Mapping

from agents.health.lag_watch import LagWatch
from streams.errors import BrokerUnavailable
from streams.kafka.batches import TP
from tests.until import until


class Log:
    """Tells the lag it is given, or that Kafka is silent."""

    polled_s = 0.0
    rebalances = 0

    def __init__(self) -> None:
        self.told: Mapping[TP, int] | None = None
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
