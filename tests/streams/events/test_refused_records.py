"""Refused records: what is wrong is told with its place, and anything at all is read or refused."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.decoding import Reason, encode
from streams.events.dialects import DIALECTS, DialectName, dialect
from streams.events.event import Item
from streams.events.formats import snowplow
from tests.streams.dialect_records import (
    BINARY,
    ENVELOPE,
    EVENT,
    FIXTURES,
    FORMATS,
    REQUEST,
    SEARCH,
    SEGMENT,
    Sent,
    decode,
    enveloped,
    items,
    product,
)

REASONS = {
    "no data": "empty",
    "says no shopper": "nobody",
    "stands for nobody": "nobody",
    "no time between": "unit",
    "microseconds": "unit",
}
"""The reasons of refusals that are not about the schema, by what is said."""


@pytest.mark.parametrize(
    ("name", "value", "path", "detail"),
    [
        ("segment", SEGMENT | {"userId": None}, "userId or anonymousId", "says no shopper"),
        ("segment", SEGMENT | {"userId": "a{b}"}, "userId", "braces"),
        ("segment", SEGMENT | {"userId": "ada@shop.example"}, "userId", "send a pseudonym"),
        ("segment", SEGMENT | {"timestamp": "yesterday"}, "timestamp", "RFC3339"),
        ("segment", SEGMENT | {"timestamp": "1492-10-12T00:00:00Z"}, "timestamp", "no time between"),
        ("segment", product(price="cheap"), "properties.price", "is no number"),
        ("segment", product(price=-1), "properties.price", "greater than or equal to 0"),
        ("segment", product(price="nan"), "properties.price", "finite"),
        ("segment", product(products=[{"brand": "b"}]), "properties.products.0", "neither an id"),
        ("segment", product(products=[{"sku": "{a}"}]), "properties.products.0.id", "match pattern"),
        ("segment", product(products=[{"sku": "a"}] * 201), "properties.products", "201 products"),
        ("segment", SEGMENT | {"properties": 3}, "properties", "Expected `object | null`"),
        ("ga4", REQUEST | {"client_id": None}, "user_id or client_id or app_instance_id", "says no shopper"),
        ("ga4", REQUEST | {"timestamp_micros": "soon"}, "timestamp_micros", "microseconds"),
        ("ga4", items({"price": 1}), "events.0.params.items.0", "neither an id nor a name"),
        ("ga4", items(3), "events.0.params.items.0", "Expected `object`"),
        ("ga4", {"client_id": "1"}, "events or event_name", "neither a request nor a row"),
        ("snowplow", {"unstruct_event_" + snowplow.ECOMMERCE + "_snowplow_ecommerce_action_1": {"type": "refund"}},
         "domain_userid", "says no shopper"),
        ("cloudevents", ENVELOPE, "data", "no data"),
        ("cloudevents", ENVELOPE | {"data": ENVELOPE}, "data", "envelope in an envelope"),
        ("cloudevents", ENVELOPE | {"data_base64": "%"}, "data_base64", "Base64"),
        ("cloudevents", SEGMENT, "", "is no CloudEvent"),
        ("auto", {"something": "else"}, "", "no dialect that is known"),
        ("auto", [1], "0", "Expected `object`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(name: DialectName, value: object, path: str, detail: str) -> None:
    """And nothing of its content; records beside it are read."""
    good = orjson.dumps(SEGMENT)
    headers: tuple[tuple[str, bytes], ...] = ()
    if name not in ("segment", "auto"):
        good, headers = enveloped(good), BINARY if name == "ga4" else ()
    decoded = dialect(name).decode([Sent(0, orjson.dumps(value)), Sent(1, good, headers=headers)])
    refused = decoded.refused[0]
    assert (refused.offset, refused.reason) == (0, REASONS.get(detail, "schema"))
    assert path in refused.path
    assert detail in refused.detail


@pytest.mark.parametrize("ahead", range(985, 1_001))
def test_a_text_is_not_cut_in_the_midst_of_what_must_go(ahead: int) -> None:
    """Half a card number is not left at its end."""
    text = "x" * (ahead - 1) + " 4111 1111 1111 1111 y"
    for value in (
        SEGMENT | {"properties": {"product_id": "p", "name": text}},
        SEARCH | {"properties": {"query": text}},
    ):
        [(_, _, event)] = decode("segment", value).events
        assert "4111" not in encode(event).decode()
        assert "x" * (ahead - 1) in encode(event).decode()


@pytest.mark.parametrize("name", DIALECTS)
def test_half_a_character_is_no_text(name: DialectName) -> None:
    """A lone surrogate is JSON, but nothing that could be written again."""
    for form in FORMATS:
        for line in (FIXTURES / f"{form}.jsonl").read_bytes().splitlines()[:3]:
            value = orjson.dumps(orjson.loads(line)["record"]).replace(b'":"', b'":"\\ud800')
            for _, _, event in decode(name, value).events:
                assert encode(event)


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "told", ["1" * 400, "-" + "9" * 309, "1e999", "[" * 290 + "]" * 290, "[" * 5_000 + "]" * 5_000]
)
def test_what_is_beyond_all_bounds_is_no_fault_of_ours(name: DialectName, told: str) -> None:
    """A number too large, or nesting too deep, in whichever field: the record is read without it, or refused for a
    reason that names the record's fault."""
    for form in FORMATS:
        record = orjson.loads((FIXTURES / f"{form}.jsonl").read_bytes().splitlines()[0])["record"]
        for inner in [record, *_objects(record)]:
            for field, before in list(inner.items()):
                inner[field] = "@"
                value = json.dumps(record).replace('"@"', told).encode()
                inner[field] = before
                decoded = dialect(name).decode([Sent(0, value)])
                assert all(refusal.reason in get_args(Reason) for refusal in decoded.refused)


@pytest.fixture
def deep_python() -> Iterator[None]:
    """Python's own reader of JSON goes as deep as that of Python 3.12."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("deep_python")
@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("form", FORMATS)
def test_nesting_that_only_python_reads_is_no_fault_of_ours(name: DialectName, form: str) -> None:
    """A thousand levels are too many for the quick reader, and not for the thorough one."""
    record = (FIXTURES / f"{form}.jsonl").read_bytes().splitlines()[0]
    value = json.dumps(orjson.loads(record)["record"] | {"query": "@"}).replace('"@"', "[" * 1_500 + "]" * 1_500)
    decoded = dialect(name).decode([Sent(0, value.encode())])
    assert all(refusal.reason in get_args(Reason) for refusal in decoded.refused)


def test_a_price_that_cannot_be_one_is_left_out() -> None:
    """A card number in the wrong field, say; in the native dialect too."""
    [(_, _, event)] = decode("segment", product(price="4111111111111111")).events
    assert event.items[0].price is None
    [(_, _, event)] = decode("native", encode(replace(EVENT, items=(Item(id="k1", price=4111111111111111.0),)))).events
    assert event.items == (Item(id="k1"),)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(name=st.sampled_from(DIALECTS), data=st.data())
def test_any_record_is_read_or_refused(name: DialectName, data: st.DataObject) -> None:
    """A fixture with anything in the place of a field, or any bytes at all; what is read can be written and read."""
    form = data.draw(st.sampled_from(FORMATS))
    record = orjson.loads(data.draw(st.sampled_from((FIXTURES / f"{form}.jsonl").read_bytes().splitlines())))["record"]
    inner = data.draw(st.sampled_from([record, *_objects(record)]))
    inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(values)
    changed = json.dumps(record).encode()
    value = data.draw(st.sampled_from([changed, enveloped(changed)]) | st.binary(max_size=30))
    decoded = dialect(name).decode([Sent(0, value)])
    assert all(refusal.reason in get_args(Reason) for refusal in decoded.refused)
    for _, _, event in decoded.events:
        assert [again for _, _, again in dialect("native").decode([Sent(0, encode(event))]).events] == [event]


def _objects(value: object) -> Iterator[dict[str, Any]]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        if isinstance(child, dict) and child:
            yield child
        yield from _objects(child)
