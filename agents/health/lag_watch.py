"""Lag watch: asks Kafka how far we are behind, and so notices when it is away."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from streams.errors import BrokerUnavailable
from streams.kafka.batches import TP

EVERY_S = 1.0
BEHIND = 10_000
"""Records that wait to be read: a tenth of a second at full speed."""

log = structlog.get_logger()


class Log(Protocol):
    """The port to the log. `lags` asks Kafka, also when no partition is ours; BrokerUnavailable when it is silent.

    `polled_s` is when it was last polled, on the event loop's clock; `confirmed` are the offsets that Kafka holds;
    `rebalances` counts how often partitions were assigned.
    """

    @property
    def polled_s(self) -> float: ...

    @property
    def confirmed(self) -> Mapping[TP, int]: ...

    @property
    def rebalances(self) -> int: ...

    async def lags(self) -> Mapping[TP, int]: ...


class LagWatch:
    """`lags` are the latest ones known; `away` tells why Kafka counts as away, None when it answers."""

    def __init__(self, source: Log) -> None:
        self.source = source
        self.lags: Mapping[TP, int] = {}
        self.away: str | None = None

    @property
    def behind(self) -> bool:
        """Whether more waits than is read in passing."""
        return sum(self.lags.values()) > BEHIND

    async def run(self, every_s: float = EVERY_S) -> None:
        """Ask until cancelled."""
        while True:
            try:
                self.lags = await self.source.lags()
            except BrokerUnavailable as error:
                self._note(str(error))
            else:
                self._note(None)
            await asyncio.sleep(every_s)

    def _note(self, away: str | None) -> None:
        if away is not None and self.away is None:
            log.warning("kafka.away", error=away, then="what was received goes on, nothing new comes")
        if away is None and self.away is not None:
            log.info("kafka.back")
        self.away = away
