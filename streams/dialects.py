"""Dialects: how the records of a topic become shopper events, by the dialect's name. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from streams.decoding import Decoded, Decoder, Reason, Record, Refusal
from streams.errors import EventRefused
from streams.events import ShopperEvent
from streams.formats import otto, rees46


class Dialect(Protocol):
    """Reads records. A record is refused whole, or becomes as many events as it holds, none included."""

    def decode(self, records: Sequence[Record]) -> Decoded: ...


class RecordDialect:
    """A dialect read record by record. `read` turns a value into events, or raises EventRefused."""

    def __init__(self, read: Callable[[bytes], Sequence[ShopperEvent]], *, max_bytes: int = 1_048_576) -> None:
        self._read, self._max_bytes = read, max_bytes

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Read records; whatever their keys are."""
        decoded = Decoded([], [])
        for record in records:
            try:
                events = self._events(record.value)
            except EventRefused as refused:
                reason = cast("Reason", refused.reason)  # those who read events know no others
                decoded.refused.append(Refusal(record, reason, refused.path, refused.detail))
            else:
                decoded.events.extend((record.offset, record.timestamp, event) for event in events)
        return decoded

    def _events(self, value: bytes | None) -> Sequence[ShopperEvent]:
        if not value:
            raise EventRefused("empty", detail="the record has no value")
        if len(value) > self._max_bytes:
            raise EventRefused("too_large", detail=f"{len(value)} bytes, {self._max_bytes} are allowed")
        return self._read(value)


DIALECTS: Mapping[str, Callable[[], Dialect]] = {
    "native": lambda: Decoder(keyed=False),
    "rees46": lambda: RecordDialect(rees46.record),
    "otto": lambda: RecordDialect(otto.record),
}
"""Every dialect that a topic may be in. Each topic gets one of its own."""
