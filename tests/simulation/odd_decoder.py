"""The decoder of a simulated worker: some of what it reads is such that our own code fails at it."""

from collections.abc import Sequence
from typing import Any

from streams.events.decoding import Decoded, Record
from streams.events.dialects import Dialect
from streams.events.event import ShopperEvent
from streams.events.wire import made
from tests.simulation.conditions import ODD


class OddDecoder:
    """A dialect with a mistake in it: events with odd ids have a product that is none."""

    def __init__(self, right: Dialect) -> None:
        self._right = right

    def decode(self, records: Sequence[Record]) -> Decoded:
        decoded = self._right.decode(records)
        decoded.events[:] = [(offset, at_ms, _broken(event)) for offset, at_ms, event in decoded.events]
        return decoded


def _broken(event: ShopperEvent) -> ShopperEvent:
    if not event.event_id.startswith(ODD):
        return event
    no_item: Any = object()
    return made(event.event_id, event.shopper_id, event.action, event.time_ms, (no_item,), None, None, None)
