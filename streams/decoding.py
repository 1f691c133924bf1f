"""Decoding: raw Kafka records become shopper events, a batch at a time, or refusals that say why. Pure.

Many records are validated in one call: each stands in one JSON object under a name that a producer cannot guess. Joined
in a plain array, two records that are only halves could pass as one event, another as two, and offsets would shift.
"""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, NamedTuple, Protocol

import orjson
from pydantic import TypeAdapter, ValidationError

from streams.events import Item, ShopperEvent

Reason = Literal["empty", "too_large", "json", "schema", "key"]
"""Why a record is refused: it has no value (a tombstone), too long a value, one that is no JSON, one that is JSON
but no shopper event, or a key that is not the shopper's id."""

TOGETHER = 32
"""Records validated in one call. More is no faster, and one bad record makes all of its call go one by one."""

DETAIL = 200
"""Characters of a detail at most."""


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
    """A batch after validation: (offset, record timestamp in ms, event) and refusals, both in offset order."""

    events: list[tuple[int, int, ShopperEvent]]
    refused: list[Refusal]


class Decoder:
    """Validates record batches; events of the same product share one Item, so that sessions that keep it stay small.

    Values over `max_bytes` are refused unread. At most `products` items are remembered for sharing.
    """

    def __init__(self, *, max_bytes: int = 262_144, products: int = 65_536) -> None:
        self._max_bytes = max_bytes
        self._products = products
        self._shared: dict[str, tuple[Item, ...]] = {}
        nonce = secrets.token_hex(4)
        self._names = [f"{nonce}{number}" for number in range(TOGETHER)]
        self._prefixes = [f'"{name}":'.encode() for name in self._names]

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Validate records; each ends up in exactly one of the two lists."""
        decoded = Decoded([], [])
        for start in range(0, len(records), TOGETHER):
            piece = records[start : start + TOGETHER]
            for record, outcome in zip(piece, self._together(piece) or self._singly(piece), strict=True):
                if isinstance(outcome, Refusal):
                    decoded.refused.append(outcome)
                elif outcome.shopper_id.encode() != record.key:
                    decoded.refused.append(Refusal(record, "key", "", "the record's key is not the shopper's id"))
                else:
                    self._share(outcome)
                    decoded.events.append((record.offset, record.timestamp, outcome))
        return decoded

    def _together(self, records: Sequence[Record]) -> Sequence[ShopperEvent] | None:
        """All of them, or None when any is bad."""
        values = [value for record in records if (value := record.value) and len(value) <= self._max_bytes]
        if len(values) < len(records):
            return None
        try:
            events = EVENTS.validate_json(b"{" + b",".join(map(bytes.__add__, self._prefixes, values)) + b"}")
        except ValidationError:
            return None
        return list(events.values()) if list(events) == self._names[: len(values)] else None

    def _singly(self, records: Sequence[Record]) -> Iterator[ShopperEvent | Refusal]:
        for record in records:
            value = record.value
            if not value:
                yield Refusal(record, "empty", "", "the record has no value")
            elif len(value) > self._max_bytes:
                yield Refusal(record, "too_large", "", f"{len(value)} bytes, {self._max_bytes} are allowed")
            else:
                yield _alone(record, value)

    def _share(self, event: ShopperEvent) -> None:
        """Put remembered items in the place of equal ones. Frozen events are safe to share."""
        items = event.items
        if len(items) == 1:
            shared = self._remembered(items)
        elif items:
            shared = tuple([self._remembered((item,))[0] for item in items])
        else:
            return
        if shared is not items:
            object.__setattr__(event, "items", shared)

    def _remembered(self, single: tuple[Item, ...]) -> tuple[Item, ...]:
        name = single[0].id
        known = self._shared.get(name)
        if known == single:
            return known
        if len(self._shared) >= self._products:
            self._shared.clear()
        self._shared[name] = single
        return single


def encode(event: ShopperEvent) -> bytes:
    """The native form that `Decoder` reads; fields at their default are left out."""
    document = _told(event, EVENT_FIELDS)
    if event.items:
        document["items"] = [_told(item, ITEM_FIELDS) for item in event.items]
    return orjson.dumps(document)


EVENT = TypeAdapter(ShopperEvent)
EVENTS = TypeAdapter(dict[str, ShopperEvent])
EVENT_FIELDS = [(field.name, field.default) for field in fields(ShopperEvent)]
ITEM_FIELDS = [(field.name, field.default) for field in fields(Item)]


def _alone(record: Record, value: bytes) -> ShopperEvent | Refusal:
    try:
        return EVENT.validate_json(value)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    reason: Reason = "json" if error["type"] == "json_invalid" else "schema"
    return Refusal(record, reason, ".".join(map(str, error["loc"])), error["msg"][:DETAIL])


def _told(value: ShopperEvent | Item, known: list[tuple[str, Any]]) -> dict[str, Any]:
    told = [(name, getattr(value, name), default) for name, default in known]
    return {name: given for name, given, default in told if default is MISSING or given != default}
