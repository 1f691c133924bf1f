"""Other people's habits: empty text, numbers for text, bad products, batches, and JSON in another dress."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.decoding import Decoder
from streams.events.dialects import DIALECTS, DialectName
from streams.events.event import ShopperEvent
from tests.streams.dialect_records import AT_MS, BINARY, EVENT, REQUEST, SEGMENT, Sent, decode, items, product
from tests.streams.events.test_placeholders import NATIVE, ROW, SNOWPLOW

PRODUCTS = "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1"
ADA = NATIVE | {"shopper_id": "ada"}
SHOWN: tuple[tuple[DialectName, dict[str, str], Callable[[Any], dict[str, Any]]], ...] = (
    ("segment", {"id": "product_id", "title": "name"}, lambda told: product(products=told)),
    ("ga4", {"id": "item_id", "title": "item_name", "brand": "item_brand"}, lambda told: items(*told)),
    ("ga4", {"id": "item_id", "title": "item_name"}, lambda told: ROW | {"user_pseudo_id": "u", "items": told}),
    ("snowplow", {"id": "id", "title": "name"}, lambda told: SNOWPLOW | {"domain_userid": "u", PRODUCTS: told}),
    ("native", {"id": "id", "title": "title"}, lambda told: ADA | {"items": told}),
)
"""Each dialect, what it calls the fields of a product, and a record with these products."""

empty = st.sampled_from(("", " ", "\t", "\u00a0", "(not set)", "undefined", "null", "NaN", "[object Object]"))


def _one(name: DialectName, record: object) -> ShopperEvent:
    [(_, _, event)] = decode(name, record).events
    return event


def _told(names: dict[str, str], **fields: object) -> dict[str, object]:
    return {names.get(field, field): value for field, value in fields.items()}


@pytest.mark.parametrize(("name", "names", "record"), SHOWN)
@given(nothing=empty)
def test_empty_text_is_not_given(
    name: DialectName, names: dict[str, str], record: Callable[[Any], dict[str, Any]], nothing: str
) -> None:
    """As good as no field at all, in every field of a product."""
    told = _told(names, id="p", title=nothing, category=nothing, brand=nothing, price=nothing, currency=nothing)
    bare = _one(name, record([_told(names, id="p")]))
    assert _one(name, record([told | {"quantity": nothing}])).items == bare.items


@given(nothing=empty)
def test_a_search_for_nothing_is_no_query(nothing: str) -> None:
    """A page that has no search term writes so; nobody looks for it."""
    searched = SEGMENT | {"event": "Products Searched", "properties": {"query": nothing}}
    for name, record in (("native", ADA | {"query": nothing}), ("segment", searched)):
        for dialect in (name, "auto"):
            assert _one(dialect, record).query is None  # type: ignore[arg-type] # of the names above


@given(nothing=empty)
def test_a_product_whose_id_is_nothing_has_none(nothing: str) -> None:
    """Else all products that a page could not name were one; a native one is left out, as without the field."""
    decoded = decode("native", ADA | {"items": [{"id": nothing, "title": "Lamp"}, {"id": "p"}]})
    assert ([item.id for item in decoded.events[0][2].items], decoded.items_dropped) == (["p"], 1)
    [item] = _one("segment", product(product_id=nothing, sku="S1")).items
    assert item.id == "S1"


@given(nothing=empty)
def test_a_time_that_is_nothing_is_not_given(nothing: str) -> None:
    """The next time of a call counts."""
    earlier = "2026-11-28T09:00:00Z"
    event = _one("segment", SEGMENT | {"timestamp": nothing, "originalTimestamp": earlier})
    assert event.time_ms == 1_795_856_400_000


@given(nothing=empty)
def test_an_event_whose_name_is_nothing_is_refused(nothing: str) -> None:
    """It says of no event; a name that is not known is ignored."""
    [refused] = decode("segment", SEGMENT | {"event": nothing}).refused
    assert (refused.reason, refused.path) == ("schema", "event")


@pytest.mark.parametrize("name", ["ga4", "auto"])
def test_an_event_of_a_server_container_is_read(name: DialectName) -> None:
    """Its parameters stand beside its name and its client; the record's time is its own."""
    handed_on = {"event_name": "add_to_cart", "client_id": "7.8", "currency": "EUR", "page_location": "/kettle",
                 "items": [{"item_id": "k1", "item_name": "Quiet kettle", "price": 39.9}]}  # fmt: skip
    event = _one(name, handed_on)
    assert (event.shopper_id, event.action, event.items[0].id, event.items[0].currency) == (
        "7.8",
        "cart_add",
        "k1",
        "EUR",
    )
    assert decode(name, handed_on | {"event_name": "scroll"}).ignored == 1
    assert decode(name, handed_on | {"client_id": "(not set)"}).refused[0].reason == "nobody"


@pytest.mark.parametrize(("name", "names", "record"), SHOWN)
@pytest.mark.parametrize(("number", "text"), [(1984, "1984"), (123.0, "123"), (1.5, "1.5"), (0, "0")])
def test_a_number_is_read_where_text_is_meant(
    name: DialectName, names: dict[str, str], record: Callable[[Any], dict[str, Any]], number: float, text: str
) -> None:
    """`123.0` is what some programs make of 123."""
    value = json.dumps(record([_told(names, id=number, title=number)])).encode()
    [item] = _one(name, value).items
    assert (item.id, item.title) == (text, text)


@pytest.mark.parametrize(("name", "names", "record"), SHOWN)
@given(
    bad=st.sampled_from(({"price": "cheap"}, {"price": -1}, {"quantity": [1]}, {"price": {"eur": 1}}, 3, None, "x", []))
)
def test_a_bad_product_does_not_refuse_an_order(
    name: DialectName, names: dict[str, str], record: Callable[[Any], dict[str, Any]], bad: object
) -> None:
    """It is left out and counted; where there is no other, the record is refused."""
    good = _told(names, id="p", title="Lamp")
    wrong = good | bad if isinstance(bad, dict) else bad
    for told in ([good, wrong], [wrong, good], [wrong, good, wrong]):
        decoded = decode(name, record(told))
        assert [item.id for _, _, event in decoded.events for item in event.items] == ["p"]
        assert (decoded.items_dropped, decoded.refused) == (len(told) - 1, [])
    [refused] = decode(name, record([wrong])).refused
    assert refused.reason == "schema"


@pytest.mark.parametrize(
    ("properties", "item_id", "title"),
    [
        ({"product_id": "", "sku": "S1", "name": "Lamp"}, "S1", "Lamp"),
        ({"product_id": " ", "sku": "S1"}, "S1", None),
        ({"product_id": None, "sku": 7}, "7", None),
        ({"product_id": "(not set)", "sku": "S1"}, "S1", None),
        ({"product_id": "p", "name": "Boot", "variant": 42}, "p", "Boot (42)"),
        ({"product_id": "p", "name": {"en": "Boot"}, "brand": ["a"], "category": True}, "p", None),
    ],
)
def test_sku_stands_in_for_a_product_id(properties: dict[str, object], item_id: str, title: str | None) -> None:
    """Where that is not given; and what is neither text nor number is not given."""
    [item] = _one("segment", SEGMENT | {"properties": properties}).items
    assert (item.id, item.title, item.brand, item.category) == (item_id, title, None, None)


@pytest.mark.parametrize("nothing", ["", [], {}, None])
def test_empty_properties_are_none(nothing: object) -> None:
    """PHP writes an object without members as a list."""
    assert _one("segment", SEGMENT | {"properties": nothing}).items == ()
    request = REQUEST | {"events": [{"name": "view_item", "params": nothing}]}
    assert _one("ga4", request).items == ()


def test_a_batch_of_segment_is_its_calls() -> None:
    """As the libraries post them; what is of no interest is ignored, what is wrong refused with its place."""
    calls = [SEGMENT, {"type": "identify", "userId": "u"}, SEGMENT | {"messageId": "n"}]
    for name in ("segment", "auto"):
        decoded = decode(name, {"batch": calls, "sentAt": "2026-11-28T10:00:00Z"})
        assert ([event.event_id for _, _, event in decoded.events], decoded.ignored) == (["m", "n"], 1)
        [refused] = decode(name, {"batch": [SEGMENT, SEGMENT | {"userId": None}]}).refused
        assert (refused.reason, refused.path) == ("nobody", "batch.1.userId or anonymousId")
        [refused] = decode(name, {"batch": []}).refused
        assert (refused.reason, refused.path) == ("schema", "batch")


@pytest.mark.parametrize(
    ("name", "record"), [("segment", SEGMENT), ("ga4", REQUEST), ("ga4", ROW | {"user_pseudo_id": "u"}),
                         ("snowplow", SNOWPLOW | {"domain_userid": "u"}), ("auto", ADA)]
)  # fmt: skip
def test_a_list_of_records_is_all_of_them(name: DialectName, record: dict[str, Any]) -> None:
    """In its own dialect and where it is found out; one bad element refuses the record, with its place."""
    for dialect in (name, "auto"):
        assert len(decode(dialect, [record, record]).events) == 2
        assert len(decode(dialect, b" \n" + orjson.dumps([record])).events) == 1
        [refused] = decode(dialect, [record, 3]).refused
        assert refused.path.startswith("1")
        assert decode(dialect, []).refused


def test_the_native_form_is_one_event_a_record() -> None:
    """A list of them is refused with what to do."""
    [refused] = Decoder().decode([Sent(0, orjson.dumps([ADA]), b"ada")]).refused
    assert "kafka.dialect to auto" in refused.detail


@pytest.mark.parametrize(
    ("name", "record"),
    [
        ("segment", {"userId": "u", "messageId": "m"}),
        ("segment", SEGMENT | {"event": ""}),
        ("segment", SEGMENT | {"event": 7}),
        ("segment", {"schema": {}, "payload": SEGMENT}),
        ("ga4", REQUEST | {"events": [{"params": {}}]}),
        ("ga4", REQUEST | {"events": [{"name": ""}]}),
        ("ga4", REQUEST | {"events": []}),
        ("ga4", {"client_id": "1", "event_name": ""}),
        ("snowplow", {"domain_userid": "u"}),
        ("snowplow", {"domain_userid": "u", "event_name": ""}),
        ("snowplow", SNOWPLOW | {next(iter(set(SNOWPLOW) - {"event_id", "event", "collector_tstamp"})): {"type": ""}}),
        ("auto", {"payload": SEGMENT}),
        ("cloudevents", {"payload": SEGMENT}),
    ],
)
def test_what_says_of_no_event_is_refused(name: DialectName, record: dict[str, Any]) -> None:
    """And not ignored in silence."""
    decoded = decode(name, record)
    assert (decoded.events, decoded.ignored, [refusal.reason for refusal in decoded.refused]) == ([], 0, ["schema"])


DRESSES: dict[str, Callable[[bytes], bytes]] = {
    "a byte order mark": lambda value: b"\xef\xbb\xbf" + value,
    "UTF-16": lambda value: value.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda value: value.decode().encode("utf-16-be"),
    "UTF-32": lambda value: value.decode().encode("utf-32"),
    "zeros behind": lambda value: value + b"\0\0",
    "NaN": lambda value: value.replace(b'"Lamp"', b"NaN"),
    "half an emoji": lambda value: value.replace(b"Lamp", b"L\\ud83d"),
    "the other half": lambda value: value.replace(b"Lamp", b"\\ude00\\u00e9"),
}


@pytest.mark.parametrize("dress", DRESSES.values(), ids=DRESSES)
@pytest.mark.parametrize(("name", "names", "record"), SHOWN)
def test_json_in_another_dress_is_read(
    name: DialectName, names: dict[str, str], record: Callable[[Any], dict[str, Any]], dress: Callable[[bytes], bytes]
) -> None:
    """In its own dialect and where that is found out: the same event, but for what was lost on the way."""
    value = orjson.dumps(record([_told(names, id="p", title="Lamp")]))
    for dialect in (name, "auto"):
        event, plain = _one(dialect, dress(value)), _one(dialect, value)
        assert (event.shopper_id, event.time_ms, event.items[0].id) == (plain.shopper_id, plain.time_ms, "p")
        assert event.items[0].title in ("Lamp", None, "L\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}é")


OTHERS = {
    gzip.compress(b"{}"): "is packed with gzip",
    b"PK\x03\x04abc": "is a zip file",
    b"\x28\xb5\x2f\xfdabc": "is packed with zstd",
    b"Obj\x01abc": "is an Avro file",
    b"PAR1": "is a Parquet file",
    b"<html>502</html>": "is HTML or XML",
    b"\0\0\0\0\x07" + orjson.dumps(SEGMENT): "is JSON behind a schema registry's header",
    b"\0\0\0\0\x07\x02\x06abc": "is Avro or Protobuf, as it seems, behind a schema registry's header",
    b"\xff\xff\xff": "not in UTF-8",
    b'{"a":"\x00"}': "is no JSON",
    b"hello": "is no JSON",
    orjson.dumps(SEGMENT) * 2: "with something behind it",
}


@pytest.mark.parametrize(("value", "said"), OTHERS.items(), ids=OTHERS.values())
@pytest.mark.parametrize("name", [name for name in DIALECTS if name not in ("rees46", "otto")])
def test_what_is_no_json_is_named(name: DialectName, value: bytes, said: str) -> None:
    """With what to do where that is known."""
    [refused] = decode(name, value).refused
    assert refused.reason == "json"
    assert said in refused.detail


@given(st.binary(max_size=40), st.sampled_from(DIALECTS))
def test_any_bytes_are_read_or_refused(value: bytes, name: DialectName) -> None:
    """Behind a mark, a registry's header, or in a list: no exception but a refusal."""
    for before in (b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\0\0\0\0\x01", b"[", b"{"):
        decoded = decode(name, before + value)
        assert len(decoded.refused) + len(decoded.events) + decoded.ignored or not (before + value).strip()


def test_headers_may_be_quoted() -> None:
    """Some mappers write the headers of a CloudEvent as JSON."""
    quoted = tuple((name, b'"' + text + b'"') for name, text in BINARY)
    headers = (*quoted, ("ce_time", b'"2024-05-01T10:00:00Z"'))
    record = {"client_id": "1.2", "events": [{"name": "search", "params": {"search_term": "x"}}]}
    [(_, _, event)] = decode("auto", record, headers=headers).events
    assert event.time_ms == 1_714_557_600_000
    [(_, _, plain)] = decode("auto", record, headers=BINARY).events
    assert plain.event_id == event.event_id
    structured = (("content-type", b'"application/cloudevents+json"'),)
    assert decode("auto", {"specversion": "1.0"}, headers=structured).refused
    assert EVENT.time_ms == AT_MS
