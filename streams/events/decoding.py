"""Decoding: raw Kafka records become shopper events, or refusals that say why. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, cast

import orjson

from streams.errors import EventRefused
from streams.events.closely import read_natively
from streams.events.consent import UNREAD, PassedOver
from streams.events.event import Consent, Item, ShopperEvent
from streams.events.native_reader import native_reader
from streams.events.redaction import Redact, redact
from streams.events.times import EARLIEST_MS, LATEST_MS, record_refused
from streams.events.wire import PRODUCTS, Wire

Reason = Literal["empty", "too_large", "json", "schema", "unit", "nobody", "key", "fault"]
"""Why a record is refused. Its value is missing (a tombstone), too long, no JSON, or JSON but no shopper event. Its
time is in a wrong unit. Its id is no one shopper's, or its key is another. Or our own code failed at it."""


class Record(Protocol):
    """What is read of a Kafka record; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that is no event. `path` is the field at fault (`items.0.price`); `detail` quotes none of the value."""

    record: Record
    reason: Reason
    path: str = ""
    detail: str = ""

    @property
    def offset(self) -> int:
        """Where the record stands."""
        return self.record.offset


class Decoded(NamedTuple):
    """A batch after validation: (offset, record timestamp in ms, event) and refusals, both in offset order.

    A record may hold several events of its shopper. `ignored` counts what is well formed, but of a kind that says
    nothing of what a shopper is after; `items_dropped` the products that could not be read, of events that could;
    `without_consent` the events that have no shopper because consent was denied, `minors` those of shoppers who are
    minors by what they say. `withheld` counts those left out as sensitive, `sensitive` those that lost something or
    all, by handling and pattern (streams/events/withholding.py).
    """

    events: list[tuple[int, int, ShopperEvent]]
    refused: list[Refusal]
    ignored: int = 0
    items_dropped: int = 0
    without_consent: int = 0
    minors: int = 0
    withheld: int = 0
    sensitive: Mapping[tuple[str, str], int] = MappingProxyType({})

    @property
    def consents_unread(self) -> int:
        """Events that say something of consent that cannot be read, and nothing else."""
        return sum(event.consent is UNREAD for _, _, event in self.events)


def joined(parts: Sequence[Decoded]) -> Decoded:
    """What was decoded in parts, one after the other, as one."""
    if len(parts) == 1:
        return parts[0]
    return Decoded(
        [event for each in parts for event in each.events],
        [refusal for each in parts for refusal in each.refused],
        sum(each.ignored for each in parts),
        sum(each.items_dropped for each in parts),
        sum(each.without_consent for each in parts),
        sum(each.minors for each in parts),
        sum(each.withheld for each in parts),
        sum((Counter(each.sensitive) for each in parts), Counter()),
    )


class Decoder:
    """Validates native records; events of the same product share one Item, so that sessions that keep it stay small.

    Personal data is taken out of texts, of queries by `redact_query`. Values over `max_bytes` are refused unread. At
    most `products` items are remembered for sharing. Unless `keyed`, keys are not looked at. With `native`, the reader
    in Rust goes before where it is installed; what it makes is the same.
    """

    def __init__(
        self,
        *,
        max_bytes: int = 262_144,
        products: int = PRODUCTS,
        keyed: bool = True,
        redact_query: Redact = redact,
        native: bool = True,
    ) -> None:
        self._max_bytes, self._keyed = max_bytes, keyed
        self._wire = Wire(products, redact_query)
        self._native = native_reader(self._wire, products) if native else None

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Validate records; each ends up in exactly one of the two lists."""
        if self._native is None:
            return self._decode(records)
        events, left = self._native.read(records, self._max_bytes, self._keyed)
        if not left:
            return Decoded(events, [])
        parts = [(place, self._decode((records[place],))) for place in left]
        for place, part in reversed(parts):
            events[place : place + 1] = part.events
        return joined([Decoded(events, []), *(part._replace(events=[]) for _, part in parts)])

    def _decode(self, records: Sequence[Record]) -> Decoded:
        events: list[tuple[int, int, ShopperEvent]] = []
        refused: list[Refusal] = []
        dropped, passed = 0, Counter[str]()
        read, most, keyed = self._wire.read, self._max_bytes, self._keyed
        for record in records:
            value, timestamp_ms = record.value, record.timestamp
            try:
                if not EARLIEST_MS <= timestamp_ms <= LATEST_MS:
                    raise record_refused(timestamp_ms)
                if record.headers:
                    check_names(record.headers)
                event = read(value) if value and len(value) <= most else None
                if event is None:
                    looked, without = self._closely(value)
                    if isinstance(looked, str):
                        passed[looked] += 1
                        continue
                    event, dropped = looked, dropped + without
                if keyed and event.shopper_id.encode() != record.key:
                    raise other_key()
                events.append((record.offset, timestamp_ms, event))
            except EventRefused as exc:
                refused.append(Refusal(record, cast("Reason", exc.reason), exc.path, exc.detail))
        return Decoded(
            events, refused, items_dropped=dropped, without_consent=passed["no_consent"], minors=passed["minor"]
        )

    def _closely(self, value: bytes | None) -> tuple[ShopperEvent | PassedOver, int]:
        if not value:
            raise EventRefused("empty", detail="the record has no value")
        if len(value) > self._max_bytes:
            raise EventRefused("too_large", detail=f"{len(value)} bytes, {self._max_bytes} are allowed")
        event, without = read_natively(value)
        return event if isinstance(event, str) else self._wire.redacted(event), without


MARK = "\x7f"
"""What stands in a header's name for bytes that are no UTF-8 (streams/kafka/header_names.py)."""


def check_names(headers: Sequence[tuple[str, bytes | None]]) -> None:
    """EventRefused for a record with a header whose name is no text."""
    for name, _ in headers:
        if MARK in name:
            raise EventRefused("schema", "headers", "the name of a header is not in UTF-8")


def other_key() -> EventRefused:
    """What is said of a record whose key is not its shopper's id."""
    return EventRefused("key", detail="the record's key is not the shopper's id")


class Native:
    """The same for one value, wherever it comes from; raises EventRefused. `items_dropped` products were left out."""

    def __init__(self, *, products: int = PRODUCTS, redact_query: Redact = redact) -> None:
        self._wire = Wire(products, redact_query)
        self.items_dropped = 0

    def read(self, value: bytes, _: int = 0, __: str = "") -> Sequence[ShopperEvent | PassedOver]:
        """The one event, or why it is passed over."""
        if quick := self._wire.read(value):
            return (quick,)
        event, without = read_natively(value)
        self.items_dropped += without
        return (event if isinstance(event, str) else self._wire.redacted(event),)


def by_reason(refused: Iterable[Refusal]) -> Mapping[Reason, tuple[int, str]]:
    """How many records were refused for each reason, and what was said of the first of them."""
    told: dict[Reason, tuple[int, str]] = {}
    for refusal in refused:
        number, words = told.get(refusal.reason, (0, f"{refusal.path or 'record'} {refusal.detail}"))
        told[refusal.reason] = number + 1, words
    return told


def encode(event: ShopperEvent) -> bytes:
    """The native form that `Decoder` reads; fields at their default are left out."""
    document = _native_fields(event, EVENT_FIELDS)
    if event.items:
        document["items"] = [_native_fields(item, ITEM_FIELDS) for item in event.items]
    if event.consent:
        document["consent"] = _native_fields(event.consent, CONSENT_FIELDS)
    return orjson.dumps(document)


EVENT_FIELDS = [(field.name, field.default) for field in fields(ShopperEvent)]
ITEM_FIELDS = [(field.name, field.default) for field in fields(Item)]
CONSENT_FIELDS = [(field.name, field.default) for field in fields(Consent)]


def _native_fields(value: ShopperEvent | Item | Consent, known: list[tuple[str, Any]]) -> dict[str, Any]:
    told = [(name, getattr(value, name), default) for name, default in known]
    return {name: given for name, given, default in told if default is MISSING or given != default}
