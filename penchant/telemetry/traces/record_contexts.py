"""Record contexts: the traces that events come from, by the header `traceparent` of their records."""

from collections.abc import Sequence
from threading import Lock

from streams.events.decoding import Decoded, Record
from streams.events.dialects import Dialect

HEADER = "traceparent"

MOST_SHOPPERS = 10_000
"""Of so many, those who came last, contexts are kept until a call is made for them."""
MOST_CONTEXTS = 8
"""So many of a shopper are kept, the first ones."""


class RecordContexts:
    """A dialect that keeps the contexts of what it reads. It may be read in a thread, as dialects are."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._by_shopper: dict[str, list[tuple[int, str]]] = {}
        self._lock = Lock()

    def decode(self, records: Sequence[Record]) -> Decoded:
        """As the dialect does."""
        decoded = self._dialect.decode(records)
        carried = {record.offset: found for record in records if record.headers and (found := _context(record))}
        if carried:
            with self._lock:
                self._keep([(event.shopper_id, at, carried[at]) for at, _, event in decoded.events if at in carried])
        return decoded

    def take(self, shopper: str, offset: int) -> list[str]:
        """The contexts of a shopper's records up to this offset, the first one first. They are kept no longer."""
        with self._lock:
            kept = self._by_shopper.pop(shopper, [])
            if later := [each for each in kept if each[0] > offset]:
                self._by_shopper[shopper] = later
        return [context for at, context in kept if at <= offset]

    def _keep(self, found: Sequence[tuple[str, int, str]]) -> None:
        for shopper, offset, context in found:
            kept = self._by_shopper.setdefault(shopper, [])
            if len(kept) < MOST_CONTEXTS and (offset, context) not in kept:  # a record may hold several events
                kept.append((offset, context))
        while len(self._by_shopper) > MOST_SHOPPERS:
            del self._by_shopper[next(iter(self._by_shopper))]


def _context(record: Record) -> str:
    text = next((value for name, value in record.headers if name == HEADER), None)
    return text.decode("ascii", "replace") if text else ""
