"""Known: events that were decoded before they are played, as records whose decoder has nothing left to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from penchant.offline.whatif.arrivals import Arrival
from streams.events.decoding import Decoded, Record
from streams.events.event import ShopperEvent


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """A record by its event alone."""

    offset: int
    timestamp: int
    event: ShopperEvent
    key: None = None
    value: None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @classmethod
    def of(cls, arrival: Arrival, epoch_ms: int) -> "KnownRecord":
        """As it comes; virtual time began at `epoch_ms`."""
        return cls(arrival.offset, epoch_ms + int(arrival.at_s * 1e3), arrival.event)


class KnownDecoder:
    """Reads KnownRecords."""

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Their events."""
        return Decoded([(each.offset, each.timestamp, cast("KnownRecord", each).event) for each in records], [])
