"""Impressions: whatever a record holds, it is one or is refused with the field that is wrong."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import EventRefused
from streams.events.impressions import MAX_BYTES, Impression, read_impression

NOW_MS = 1_790_000_000_000
SHOWN: dict[str, Any] = {"shopper_id": "ada", "products": ["kettle", "teapot"], "time_ms": NOW_MS}


def record(value: bytes | None, key: bytes | None = b"ada", timestamp: int = NOW_MS) -> Any:
    return SimpleNamespace(offset=0, timestamp=timestamp, key=key, value=value, headers=())


def test_what_is_not_said_is_as_usual() -> None:
    """Positions count from one, an intent was used, and other fields never enter."""
    shown = read_impression(record(orjson.dumps(SHOWN | {"email": "ada@example.org"})))
    assert shown == Impression("ada", ("kettle", "teapot"), NOW_MS, used=True)
    assert shown.placed == {"kettle": 1, "teapot": 2}


def test_a_product_that_is_there_twice_has_its_first_position() -> None:
    """Positions are those of the page, not of the list."""
    told = SHOWN | {"products": ["kettle", "teapot", "kettle"], "positions": [4, 9, 12], "used": False}
    shown = read_impression(record(orjson.dumps(told)))
    assert (shown.placed, shown.used) == ({"kettle": 4, "teapot": 9}, False)


@pytest.mark.parametrize(
    ("refused", "reason", "path"),
    [
        (record(None), "empty", ""),
        (record(b""), "empty", ""),
        (record(b"{"), "json", ""),
        (record(b"\xff"), "json", ""),
        (record(b" " * (MAX_BYTES + 1)), "too_large", ""),
        (record(b"[]"), "schema", ""),
        (record(orjson.dumps(SHOWN | {"products": []})), "schema", "products"),
        (record(orjson.dumps(SHOWN | {"products": ["k"] * 201})), "schema", "products"),
        (record(orjson.dumps(SHOWN | {"positions": [1]})), "schema", "positions"),
        (record(orjson.dumps(SHOWN | {"positions": [0, 1]})), "schema", "positions.0"),
        (record(orjson.dumps(SHOWN | {"shopper_id": "a{b}"})), "schema", "shopper_id"),
        (record(orjson.dumps(SHOWN | {"time_ms": NOW_MS // 1_000})), "unit", "time_ms"),
        (record(orjson.dumps(SHOWN | {"shopper_id": "undefined"}), b"undefined"), "nobody", "shopper_id"),
        (record(orjson.dumps(SHOWN), b"ben"), "key", ""),
        (record(orjson.dumps(SHOWN), None), "key", ""),
        (record(orjson.dumps(SHOWN), timestamp=-1), "unit", "the Kafka record's timestamp"),
    ],
)
def test_a_record_that_is_none_is_refused(refused: Any, reason: str, path: str) -> None:
    """With the field at fault."""
    with pytest.raises(EventRefused) as caught:
        read_impression(refused)
    assert (caught.value.reason, caught.value.path) == (reason, path)


LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"))
JSON = st.recursive(LEAVES, st.lists, max_leaves=5)
FIELDS = st.sampled_from([*SHOWN, "used", "positions"])


@given(st.one_of(st.binary(), st.dictionaries(FIELDS, JSON).map(lambda told: orjson.dumps(SHOWN | told))))
def test_nothing_else_is_raised(value: bytes) -> None:
    """Of any bytes."""
    with suppress(EventRefused):
        read_impression(record(value))
