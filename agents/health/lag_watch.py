"""Lag watch: asks Kafka how far we are behind, and so notices when it is away."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

import structlog

from streams.errors import BrokerUnavailable
from streams.kafka.batches import TP

EVERY_S, OFTEN_S = 1.0, 0.25
"""How often Kafka is asked, the second while we are behind: calls are held back as long as that lasts."""

BEHIND_S = 0.1
"""We are behind when what waits takes longer than this to read, at the pace of late."""

FEW, MANY = 500, 10_000
"""So few records that wait are never behind, so many always."""

log = structlog.get_logger()


class Log(Protocol):
    """The port to the log. `lags` asks Kafka, also when no partition is ours; BrokerUnavailable when it is silent.

    `polled_s` is when it was last polled, on the event loop's clock; `confirmed` are the offsets that Kafka holds;
    `rebalances` counts how often partitions were assigned, `read` the records that were handed out.
    """

    @property
    def polled_s(self) -> float: ...

    @property
    def confirmed(self) -> Mapping[TP, int]: ...

    @property
    def rebalances(self) -> int: ...

    @property
    def read(self) -> int: ...

    async def lags(self) -> Mapping[TP, int]: ...


class LagWatch:
    """`lags` are the latest ones known; `away` tells why Kafka counts as away, None when it answers."""

    def __init__(self, source: Log) -> None:
        self.source = source
        self.lags: Mapping[TP, int] = {}
        self.away: str | None = None
        self._waits, self._read, self._passing = 0, 0, FEW
        """Records that waited, and had been read, when Kafka was asked last; and as many as are read in passing."""

    def behind(self, paused: Collection[TP] = ()) -> bool:
        """Whether more waits than is read in passing. What is not read waits for something else, with `paused`
        partitions and while Kafka is away: nobody is to make room for it.

        What was read since Kafka was asked waits no more. Its answer may come when most of that is read already: it
        stands behind the fetch that is under way, which waits for events.
        """
        waits = self._waits - (self.source.read - self._read)
        if self.away is not None or waits <= self._passing:
            return False
        return waits - sum(self.lags.get(tp, 0) for tp in paused) > self._passing

    async def run(self, every_s: float = EVERY_S) -> None:
        """Ask until cancelled."""
        now = asyncio.get_running_loop().time
        seen_s, self._read = now(), self.source.read
        while True:
            try:
                self.lags = await self.source.lags()
            except BrokerUnavailable as error:
                self._note(str(error))
            else:
                self._note(None)
                passed_s, read = now() - seen_s, self.source.read - self._read
                seen_s, self._read = seen_s + passed_s, self._read + read
                self._waits, self._passing = sum(self.lags.values()), in_passing(read, passed_s)
            await asyncio.sleep(min(OFTEN_S, every_s) if self.behind() else every_s)

    def _note(self, away: str | None) -> None:
        if away is not None and self.away is None:
            log.warning("kafka.away", error=away, then="what was received goes on, nothing new comes")
        if away is None and self.away is not None:
            log.info("kafka.back")
        self.away = away


def in_passing(read: int, passed_s: float) -> int:
    """How many records are read in passing by whoever has read so many in that time."""
    pace = read / passed_s if passed_s > 0 else 0.0
    return min(max(round(pace * BEHIND_S), FEW), MANY)
