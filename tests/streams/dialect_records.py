"""Records of every dialect, and what they become, for the tests of dialects."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.events.decoding import Decoded, encode
from streams.events.dialects import DialectName, dialect
from streams.events.event import Item, ShopperEvent

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS: tuple[DialectName, ...] = ("segment", "ga4", "snowplow")
AT_MS = 1_714_557_600_011
EVENT = ShopperEvent(event_id="e1", shopper_id="ada", action="view", time_ms=AT_MS, items=(Item(id="k1"),))
BINARY = (("ce_specversion", b"1.0"), ("ce_type", b"t"), ("ce_source", b"/shop"), ("ce_id", b"17"))
ENVELOPE = {"specversion": "1.0", "type": "t", "source": "/shop", "id": "17", "time": "2024-05-01T10:00:00Z"}
SEGMENT = {"event": "Product Viewed", "messageId": "m", "userId": "u", "properties": {"product_id": "p"}}
SEARCH = {"event": "Products Searched", "messageId": "m", "userId": "u"}
REQUEST = {"client_id": "1.2", "events": [{"name": "view_item", "params": {"items": [{"item_id": "p"}]}}]}


@dataclass(frozen=True)
class Sent:
    """A record as far as decoding looks at it."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = AT_MS
    headers: tuple[tuple[str, bytes | None], ...] = ()


def fixtures(*names: str) -> Iterator[Any]:
    """A record of a fixture each, with its dialect."""
    for name in names:
        for line in (FIXTURES / f"{name}.jsonl").read_bytes().splitlines():
            told = orjson.loads(line)
            yield pytest.param(name, told["record"], told["events"], id=f"{name}: {told['name']}")


def decode(name: DialectName, value: object, **around: Any) -> Decoded:
    """What one record becomes."""
    told = value if isinstance(value, bytes) else orjson.dumps(value)
    return dialect(name).decode([Sent(0, told, **around)])


def native_events(decoded: Decoded) -> list[dict[str, Any]]:
    """The events in their native form."""
    return [orjson.loads(encode(event)) for _, _, event in decoded.events]


def enveloped(data: bytes) -> bytes:
    """Data in a structured CloudEvent."""
    return orjson.dumps(ENVELOPE | {"data": orjson.Fragment(data)})


def product(**changed: object) -> dict[str, Any]:
    """A call of Segment's about a product with other properties."""
    return SEGMENT | {"properties": {"product_id": "p"} | changed}


def items(*told: object) -> dict[str, Any]:
    """A request of GA4's with other items."""
    return REQUEST | {"events": [{"name": "view_item", "params": {"items": told}}]}
