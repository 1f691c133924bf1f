"""Record contexts: the traces that events come from, by the headers `traceparent` and `tracestate` of their records."""

from collections.abc import Mapping, Sequence
from threading import Lock

from streams.events.decoding import Decoded, Record
from streams.events.dialects import Dialect

HEADER, STATE = "traceparent", "tracestate"

MOST_STATE_BYTES = 512
"""A longer `tracestate` is left out, as W3C's Trace Context lets one. It bounds what is kept, too."""
MOST_SHOPPERS = 10_000
"""Of so many, those who came last, contexts are kept until a call is made for them."""
MOST_CONTEXTS = 8
"""So many of a shopper are kept, the first ones: at the most, with states of full length, some 70 MB."""

Carrier = Mapping[str, str]
"""The two headers, as far as they are there."""


class RecordContexts:
    """A dialect that keeps the contexts of what it reads. It may be read in a thread, as dialects are."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._by_shopper: dict[str, list[tuple[int, Carrier]]] = {}
        self._lock = Lock()

    def decode(self, records: Sequence[Record]) -> Decoded:
        """As the dialect does."""
        decoded = self._dialect.decode(records)
        carried = {
            record.offset: found for record in records if record.headers and (found := carrier_of(record.headers))
        }
        if carried:
            with self._lock:
                self._keep([(event.shopper_id, at, carried[at]) for at, _, event in decoded.events if at in carried])
        return decoded

    def take(self, shopper: str, offset: int) -> list[Carrier]:
        """The contexts of a shopper's records up to this offset, the first one first. They are kept no longer."""
        with self._lock:
            kept = self._by_shopper.pop(shopper, [])
            if later := [each for each in kept if each[0] > offset]:
                self._by_shopper[shopper] = later
        return [context for at, context in kept if at <= offset]

    def _keep(self, found: Sequence[tuple[str, int, Carrier]]) -> None:
        for shopper, offset, context in found:
            kept = self._by_shopper.setdefault(shopper, [])
            if len(kept) < MOST_CONTEXTS and (offset, context) not in kept:  # a record may hold several events
                kept.append((offset, context))
        while len(self._by_shopper) > MOST_SHOPPERS:
            del self._by_shopper[next(iter(self._by_shopper))]


def carrier_of(headers: Sequence[tuple[str, bytes | None]]) -> Carrier:
    """What the headers of a record or a request say of a trace; nothing without a `traceparent`."""
    parents = [value for name, value in headers if name == HEADER and value]
    if not parents:
        return {}
    state = b",".join(value for name, value in headers if name == STATE and value)
    kept = {HEADER: parents[0]} | ({STATE: state} if 0 < len(state) <= MOST_STATE_BYTES else {})
    return {name: value.decode("ascii", "replace") for name, value in kept.items()}
