"""Decoding: raw Kafka records become shopper events, or refusals that say why. Pure."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, NamedTuple, Protocol, cast

import orjson
from pydantic import TypeAdapter, ValidationError

from streams.errors import EventRefused
from streams.events.event import Item, ShopperEvent
from streams.events.redaction import Redact, redact
from streams.events.wire import PRODUCTS, Wire

Reason = Literal["empty", "too_large", "json", "schema", "key"]
"""Why a record is refused: it has no value (a tombstone), too long a value, one that is no JSON, one that is JSON
but no shopper event, or a key that is not the shopper's id."""

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
    nothing of what a shopper is after.
    """

    events: list[tuple[int, int, ShopperEvent]]
    refused: list[Refusal]
    ignored: int = 0


class Decoder:
    """Validates native records; events of the same product share one Item, so that sessions that keep it stay small.

    Personal data is taken out of texts, of queries by `redact_query`. Values over `max_bytes` are refused unread. At
    most `products` items are remembered for sharing. Unless `keyed`, keys are not looked at.
    """

    def __init__(
        self, *, max_bytes: int = 262_144, products: int = PRODUCTS, keyed: bool = True, redact_query: Redact = redact
    ) -> None:
        self._max_bytes, self._keyed = max_bytes, keyed
        self._wire = Wire(products, redact_query)

    def decode(self, records: Sequence[Record]) -> Decoded:
        """Validate records; each ends up in exactly one of the two lists."""
        decoded = Decoded([], [])
        read, most = self._wire.read, self._max_bytes
        for record in records:
            value = record.value
            outcome = (value and len(value) <= most and read(value)) or self._closely(record)
            if isinstance(outcome, Refusal):
                decoded.refused.append(outcome)
            elif self._keyed and outcome.shopper_id.encode() != record.key:
                decoded.refused.append(Refusal(record, "key", "", "the record's key is not the shopper's id"))
            else:
                decoded.events.append((record.offset, record.timestamp, outcome))
        return decoded

    def _closely(self, record: Record) -> ShopperEvent | Refusal:
        value = record.value
        if not value:
            return Refusal(record, "empty", "", "the record has no value")
        if len(value) > self._max_bytes:
            return Refusal(record, "too_large", "", f"{len(value)} bytes, {self._max_bytes} are allowed")
        try:
            return self._wire.redacted(validated(value))
        except EventRefused as exc:
            return Refusal(record, cast("Reason", exc.reason), exc.path, exc.detail)


class Native:
    """The same for one value, wherever it comes from. Raises EventRefused."""

    def __init__(self, *, products: int = PRODUCTS, redact_query: Redact = redact) -> None:
        self._wire = Wire(products, redact_query)

    def read(self, value: bytes, _: int = 0, __: str = "") -> Sequence[ShopperEvent]:
        """The one event."""
        return (self._wire.read(value) or self._wire.redacted(validated(value)),)


def validated(value: bytes) -> ShopperEvent:
    """The event as it was told; EventRefused, which quotes none of the value."""
    try:
        return EVENT.validate_json(value)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        reason = "json" if error["type"] == "json_invalid" else "schema"
        raise EventRefused(reason, ".".join(map(str, error["loc"])), error["msg"][:DETAIL]) from exc


def encode(event: ShopperEvent) -> bytes:
    """The native form that `Decoder` reads; fields at their default are left out."""
    document = _told(event, EVENT_FIELDS)
    if event.items:
        document["items"] = [_told(item, ITEM_FIELDS) for item in event.items]
    return orjson.dumps(document)


EVENT = TypeAdapter(ShopperEvent)
EVENT_FIELDS = [(field.name, field.default) for field in fields(ShopperEvent)]
ITEM_FIELDS = [(field.name, field.default) for field in fields(Item)]


def _told(value: ShopperEvent | Item, known: list[tuple[str, Any]]) -> dict[str, Any]:
    told = [(name, getattr(value, name), default) for name, default in known]
    return {name: given for name, given, default in told if default is MISSING or given != default}
