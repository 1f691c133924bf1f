"""Rows: what the records of a topic come to in a lake's tables. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import orjson

from penchant.offline.export.join import columns
from streams.errors import EventRefused
from streams.events.decoding import Record
from streams.records.history import Readable

Table = Literal["intents", "cards", "facts"]
Kind = Literal["intents", "products"]
"""What a topic holds: intents as they became readable, or what is known of products."""

PLACE = ("partition", "offset")
"""Where a row's record stands in its topic."""

_OF_AN_INTENT = ("stage", "mission", "category", "brand", "price_low", "price_high", "confidence", "source", "arm",
                 "position", "doc")  # fmt: skip


class Row(NamedTuple):
    """A row of a table, and the hour (UTC, as 2026-01-31T08) whose file it goes to."""

    table: Table
    hour: str
    values: Mapping[str, Any]


class Erased(NamedTuple):
    """All that stands before this record of a shopper goes."""

    shopper: str


def read(kind: Kind, partition: int, record: Record) -> Iterator[Row | Erased]:
    """What a record says. Raises EventRefused for one that says nothing."""
    try:
        key = (record.key or b"").decode()
        place = dict(zip(PLACE, (partition, record.offset), strict=True))
        if kind == "products":
            yield from _product(key, record, place)
        elif record.value is None:
            yield Erased(key)
        else:
            yield _intent(key, Readable.load(record.value), place)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError) as exc:
        raise EventRefused("schema", detail=f"no record of {kind}: {exc!r}") from exc


def _intent(shopper: str, readable: Readable, place: Mapping[str, int]) -> Row:
    told = columns(readable, readable.readable_at_ms)
    times = {
        "readable_at": _time(readable.readable_at_ms),
        "expires_at": _time(readable.expires_at_ms),
        "as_of": _time(readable.intent.as_of_ms),
    }
    values = {name: told[f"penchant_{name}"] for name in _OF_AN_INTENT}
    return Row("intents", hour(readable.readable_at_ms), {"shopper": shopper, **times, **values, **place})


def _product(product: str, record: Record, place: Mapping[str, int]) -> Iterator[Row]:
    """A tombstone is a card that is gone."""
    known_at, its_hour = _time(record.timestamp), hour(record.timestamp)
    known = {"product": product, "known_at": known_at}
    said = orjson.loads(record.value) if record.value else {}
    told = {name: said.get(name) for name in ("category", "brand", "price", "currency", "code", "line")}
    segments = [{name: each[name] for name in SEGMENT} for each in said.get("segments", ())]
    yield Row("cards", its_hour, {**known, **told, "segments": segments, "gone": not record.value, **place})
    for fact in said.get("facts", ()):
        yield Row("facts", its_hour, {**known, **{name: fact[name] for name in FACT}, **place})


SEGMENT = ("mission", "stage", "attribute", "value", "quote")
FACT = ("name", "value", "quote", "parts")


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1e3, UTC)


def hour(at_ms: int) -> str:
    """The hour of a time in epoch milliseconds: UTC, as 2026-01-31T08."""
    return _time(at_ms).strftime("%Y-%m-%dT%H")


def schema(pa: Any, table: Table) -> Any:
    """The table's columns; `pa` is pyarrow."""
    text, number, time = pa.string(), pa.float64(), pa.timestamp("ms", tz="UTC")
    place = [(name, pa.int64()) for name in PLACE]
    if table == "intents":
        numbers = {"price_low", "price_high", "confidence"}
        told = [(name, number if name in numbers else text) for name in _OF_AN_INTENT]
        return pa.schema(
            [("shopper", text), ("readable_at", time), ("expires_at", time), ("as_of", time), *told, *place]
        )
    known = [("product", text), ("known_at", time)]
    if table == "facts":
        return pa.schema([*known, ("name", text), ("value", text), ("quote", text), ("parts", pa.int64()), *place])
    segment = pa.struct([(name, text) for name in SEGMENT])
    told = [("category", text), ("brand", text), ("price", number), ("currency", text), ("code", text), ("line", text)]
    return pa.schema([*known, *told, ("segments", pa.list_(segment)), ("gone", pa.bool_()), *place])
