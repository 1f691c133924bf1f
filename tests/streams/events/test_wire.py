"""Wire: the quick way never says anything else than pydantic, which it stands in for."""

from dataclasses import FrozenInstanceError

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.events.closely import EVENT
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from streams.events.wire import Wire

GOOD = {
    "event_id": "e1",
    "shopper_id": "s1",
    "action": "view",
    "time_ms": 1_700_000_000_000,
    "items": [{"id": "p1", "title": "Kettle", "price": 9.5}],
    "query": None,
}

scalars = st.none() | st.booleans() | st.integers(-3, 2**63) | st.floats(allow_nan=False) | st.text(max_size=130)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
products = st.fixed_dictionaries(
    {"id": st.sampled_from(["p1", "p2", "", "{"]) | st.text(max_size=3)},
    optional=dict.fromkeys(("title", "category", "brand", "price", "currency", "quantity"), scalars),
)
changes = st.dictionaries(
    st.sampled_from([*GOOD, "session_id", "order_id", "other"]), values | st.lists(products, max_size=3), max_size=3
)


def _said(value: bytes) -> ShopperEvent | None:
    try:
        return Wire(1).redacted(EVENT.validate_json(value))
    except ValidationError:
        return None


def _takes(value: bytes, wire: Wire | None = None) -> bool:
    """Whether the quick way takes a record; what it takes is what pydantic makes of it."""
    event = (wire or Wire(10)).read(value)
    assert event is None or event == _said(value)
    return event is not None


@given(changes, st.sets(st.sampled_from(list(GOOD))))
def test_what_it_takes_is_what_pydantic_takes(changes: dict[str, object], without: set[str]) -> None:
    """Whatever is changed or missing: the same event, or none, which only sends the record on to pydantic."""
    document = {name: value for name, value in (GOOD | changes).items() if name not in without}
    _takes(orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS, default=str))


@given(st.integers(0, 200), st.binary(max_size=3))
@example(0, b"\xef\xbb\xbf")
@example(13, b"\xff")
@example(13, b"\x00")
def test_broken_bytes_are_taken_for_nothing_else(place: int, put: bytes) -> None:
    """Bytes that are put in anywhere make the same of a record as they make of it for pydantic."""
    value = orjson.dumps(GOOD)
    _takes(value[:place] + put + value[place:])


@pytest.mark.parametrize(
    "value",
    [
        orjson.dumps(GOOD),
        orjson.dumps({name: value for name, value in GOOD.items() if name != "items"}),
        orjson.dumps(GOOD | {"items": [{"id": "p1"}, {"id": "p2", "quantity": 3}], "query": "kettle"}),
        orjson.dumps(GOOD | {"email": "someone@example.org", "deep": {"er": [1, {"x": None}]}}),
    ],
)
def test_good_records_go_the_quick_way(value: bytes) -> None:
    """It would be right, and of no use, to take nothing."""
    assert _takes(value)


@pytest.mark.parametrize(
    "change",
    [
        {"shopper_id": "a{b}"},
        {"event_id": "a\x7fb"},
        {"event_id": "x" * 129},
        {"shopper_id": ""},
        {"time_ms": -1},
        {"time_ms": 253_402_300_800_000},
        {"action": "dance"},
        {"items": [{"id": "p1"}] * 201},
        {"items": [{"id": "p{1"}]},
        {"items": None},
        {"query": "x" * 1_001},
    ],
)
def test_bad_records_need_a_closer_look(change: dict[str, object]) -> None:
    """The bounds of streams/events/event.py hold here too."""
    assert not _takes(orjson.dumps(GOOD | change))


def test_deep_nesting_needs_a_closer_look() -> None:
    """A record may not end the worker by its depth."""
    assert not _takes(orjson.dumps(GOOD)[:-1] + b',"deep":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.integers(1, 4))
def test_remembered_products_are_the_described_ones(names: list[str], most: int) -> None:
    """What is remembered of earlier records changes no later one, also when it is forgotten in between."""
    wire = Wire(most)
    for number, name in enumerate(names):
        items = (Item(id=name, price=float(number % 2)), *([Item(id="twice")] if number % 3 else []))
        event = ShopperEvent(
            event_id=f"e{number}", shopper_id="s", action="view", time_ms=1_700_000_000_000 + number, items=items
        )
        assert wire.read(encode(event)) == event


def test_an_event_is_sealed() -> None:
    """However it was made: nobody changes what others have seen."""
    event = Wire(10).read(orjson.dumps(GOOD))
    assert type(event) is ShopperEvent
    with pytest.raises(FrozenInstanceError):
        event.time_ms = 0  # type: ignore[misc] # it is frozen
