"""Arrivals: events with the moment at which they come, in seconds of virtual time. Pure."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from penchant.offline.estimate.rehearsal import Arrived
from streams.events.decoding import encode
from streams.events.event import MEANINGLESS, URGENT, ShopperEvent
from streams.sessions.session import SessionRules

EPOCH_MS = 1_767_225_600_000
"""When virtual time begins where no recording says so: the first of January 2026."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that arrives at `at_s`, as the record at `offset`."""

    at_s: float
    offset: int
    event: ShopperEvent
    partition: int = 0

    @property
    def shopper(self) -> str:
        """Whose it is."""
        return self.event.shopper_id

    @property
    def meaningful(self) -> bool:
        """Whether it asks for an intent."""
        return self.event.action not in MEANINGLESS

    @property
    def urgent(self) -> bool:
        """Whether a ranker wants one at once."""
        return self.event.action in URGENT


@dataclass(frozen=True, slots=True)
class Record:
    """An arrival as Kafka hands it over."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, arrival: Arrival, epoch_ms: int = EPOCH_MS) -> "Record":
        """In the native dialect; virtual time began at `epoch_ms`."""
        event, timestamp_ms = arrival.event, epoch_ms + int(arrival.at_s * 1e3)
        return cls(arrival.offset, timestamp_ms, event.shopper_id.encode(), encode(event))


@dataclass(frozen=True, slots=True)
class Recording:
    """Events that were recorded, in the order in which they came; time began at `epoch_ms`. They are those of every
    `each`th shopper."""

    arrivals: Sequence[Arrival]
    epoch_ms: int
    each: int = 1

    @property
    def seconds(self) -> float:
        """From the first event to the last."""
        return self.arrivals[-1].at_s if self.arrivals else 0.0

    @property
    def partitions(self) -> list[int]:
        """Those that something is in."""
        return sorted({arrival.partition for arrival in self.arrivals})


def recorded(events: Sequence[Arrived], rules: SessionRules, most: int) -> Recording:
    """All of them, or those of every n-th shopper so that there are about `most`. A record comes when its event
    happened, and never before the one ahead of it in the topic."""
    each = -(-len(events) // most)
    epoch_ms = min((_at_ms(arrived, rules) for arrived in events), default=EPOCH_MS)
    sampled = (arrived for arrived in events if zlib.crc32(arrived.event.shopper_id.encode()) % each == 0)
    return Recording(list(_arrivals(sampled, rules, epoch_ms)), epoch_ms, each)


def _arrivals(events: Iterator[Arrived], rules: SessionRules, epoch_ms: int) -> Iterator[Arrival]:
    at_ms = epoch_ms
    for arrived in events:
        at_ms = max(at_ms, _at_ms(arrived, rules))
        yield Arrival((at_ms - epoch_ms) / 1e3, arrived.offset, arrived.event, arrived.partition)


def _at_ms(arrived: Arrived, rules: SessionRules) -> int:
    return rules.capped_ms(arrived.event.time_ms, arrived.timestamp_ms)
