"""Dialects: records of every kind become events, or are refused whole."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decoding import Decoded, Reason, encode
from streams.dialects import DIALECTS, DialectName, RecordDialect, dialect
from streams.events import Action, Item, ShopperEvent
from streams.formats import ga4, segment, snowplow

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS: tuple[DialectName, ...] = ("segment", "ga4", "snowplow")
REES46 = b"2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,541312140,72d76fde"
OTTO = b'{"session":12,"events":[{"aid":1,"ts":5,"type":"clicks"}]}'
EVENT = ShopperEvent(event_id="e1", shopper_id="ada", action="view", time_ms=7, items=(Item(id="k1"),))
BINARY = (("ce_specversion", b"1.0"), ("ce_type", b"t"), ("ce_source", b"/shop"), ("ce_id", b"17"))
ENVELOPE = {"specversion": "1.0", "type": "t", "source": "/shop", "id": "17", "time": "2024-05-01T10:00:00Z"}


@dataclass(frozen=True)
class Sent:
    """A record as far as decoding looks at it."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 11
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


def told(decoded: Decoded) -> list[dict[str, Any]]:
    """The events in their native form."""
    return [orjson.loads(encode(event)) for _, _, event in decoded.events]


@pytest.mark.parametrize(("name", "record", "events"), list(fixtures(*FORMATS)))
def test_each_event_becomes_what_is_written_down(
    name: DialectName, record: dict[str, Any], events: list[dict[str, Any]]
) -> None:
    """Field by field, and nothing else: no address, e-mail or IP. It is the same when the dialect is found out, and in
    an envelope of either kind. A name that is ignored is counted."""
    expected = [{"event_id": "", **event} for event in events]
    wrapped = ENVELOPE | {"data": record}
    for decoded in (
        decode(name, record),
        decode("auto", record),
        decode("cloudevents", wrapped),
        decode("auto", wrapped),
        decode("cloudevents", record, headers=BINARY),
    ):
        found = told(decoded)
        names = [event["event_id"] for event in found]
        assert all(names)
        if name == "ga4":  # it has no ids of its own
            found = [event | {"event_id": ""} for event in found]
        assert found == expected
        assert decoded.refused == []
        assert decoded.ignored == (0 if events else 1)


@pytest.mark.parametrize(
    ("name", "actions"), [("segment", segment.ACTIONS), ("ga4", ga4.ACTIONS), ("snowplow", snowplow.ACTIONS)]
)
def test_every_name_that_is_mapped_has_a_fixture(name: str, actions: dict[str, Action]) -> None:
    """Else a mapping could change and nobody would see it."""
    lines = (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()
    names = {orjson.loads(line)["name"].lower() for line in lines}
    assert actions.keys() <= names


def test_the_native_dialect_does_not_mind_the_key() -> None:
    """That is what rekeying is for."""
    decoded = dialect("native").decode([Sent(3, encode(EVENT)), Sent(4, encode(EVENT), b"order-7"), Sent(5, b"{}")])
    assert decoded.events == [(3, 11, EVENT), (4, 11, EVENT)]
    assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(5, "schema")]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_worker_takes_only_what_is_keyed_by_its_shopper(name: DialectName) -> None:
    """In any dialect: a shopper's events must stand in one partition."""
    if name in ("segment", "ga4", "snowplow"):
        records = [orjson.loads(line)["record"] for line in (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()]
        value = orjson.dumps(records[0])
    else:
        own = {"rees46": REES46, "otto": OTTO, "cloudevents": orjson.dumps(ENVELOPE | {"data": {}})}
        value = own.get(name, encode(EVENT)) if name != "cloudevents" else _enveloped(encode(EVENT))
    [(_, _, event)] = dialect(name).decode([Sent(0, value)]).events
    keyed = dialect(name, keyed=True)
    assert keyed.decode([Sent(0, value, event.shopper_id.encode())]).events == [(0, 11, event)]
    for key in (None, b"someone"):
        assert [refusal.reason for refusal in keyed.decode([Sent(0, value, key)]).refused] == ["key"]


def test_a_row_of_rees46_is_an_event_and_a_header_is_nothing() -> None:
    """As in their files, also with the end of the line."""
    header = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    for name in ("rees46", "auto"):
        decoded = dialect(name).decode([Sent(0, header), Sent(1, REES46 + b"\r\n"), Sent(2, REES46 + b",more")])
        [(offset, timestamp, event)] = decoded.events
        assert (offset, timestamp, event.shopper_id, event.action) == (1, 11, "541312140", "cart_add")
        assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(2, "schema")]


def test_a_session_of_otto_is_as_many_events() -> None:
    """In their order, all at the record's offset; one bad entry makes the record a bad one."""
    entries = [{"aid": 1, "ts": 5, "type": "clicks"}, {"aid": 2, "ts": 6, "type": "carts"}]
    good = orjson.dumps({"session": 12, "events": entries})
    bad = orjson.dumps({"session": 12, "events": [*entries, {"aid": 3, "ts": 7, "type": "stares"}]})
    decoded = dialect("otto").decode([Sent(0, good), Sent(1, bad), Sent(2, b"[]")])
    assert [(offset, event.shopper_id, event.time_ms) for offset, _, event in decoded.events] == [
        (0, "12", 5),
        (0, "12", 6),
    ]
    assert [(refusal.offset, refusal.detail) for refusal in decoded.refused] == [
        (1, "1 of 3 entries are no event of OTTO"),
        (2, "1 of 1 entries are no event of OTTO"),
    ]
    assert dialect("auto").decode([Sent(0, good)]).events == decoded.events


@pytest.mark.parametrize("name", DIALECTS)
def test_no_dialect_takes_nothing_or_too_much(name: DialectName) -> None:
    """Tombstones and records beyond the limit are refused unread."""
    decoded = dialect(name).decode([Sent(0, None), Sent(1, b""), Sent(2, b" " * 2_000_000)])
    assert [refusal.reason for refusal in decoded.refused] == ["empty", "empty", "too_large"]


def test_a_records_events_keep_the_order_of_records() -> None:
    """Whatever was refused or ignored in between."""
    reading = RecordDialect(lambda value, _: [EVENT] * int(value) + [None])
    decoded = reading.decode([Sent(0, b"2"), Sent(1, None), Sent(2, b"0"), Sent(3, b"1")])
    assert [offset for offset, _, _ in decoded.events] == [0, 0, 3]
    assert decoded.ignored == 3


def test_a_request_of_ga4_is_as_many_events_with_ids_of_their_own() -> None:
    """Two equal events in it are two; the same request sent again has the same ids."""
    view = {"name": "view_item", "params": {"items": [{"item_id": "a"}]}}
    request = {"client_id": "1.2", "timestamp_micros": 5_000, "events": [view, {"name": "login"}, view]}
    first, again = decode("ga4", request), decode("ga4", request, timestamp=99)
    assert len({event.event_id for _, _, event in first.events}) == 2
    assert [event for _, _, event in first.events] == [event for _, _, event in again.events]
    assert first.ignored == 1


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_event_has_the_same_id_and_another_one_another(name: DialectName) -> None:
    """Also where the producer gives none: what it says of the event makes one."""
    line = (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()[0]
    record = orjson.loads(line)["record"]
    record.pop("messageId", None)
    record.pop("event_id", None)

    def names(changed: dict[str, Any]) -> list[str]:
        return [event.event_id for _, _, event in decode(name, changed).events]

    other = {"segment": "anonymousId", "ga4": "client_id", "snowplow": "domain_userid"}[name]
    record.pop("contexts_com_snowplowanalytics_snowplow_ecommerce_user_1", None)
    assert names(record) == names(orjson.loads(orjson.dumps(record)))
    assert names(record) != names(record | {other: "else"})


def test_an_envelopes_source_and_id_name_an_event_that_has_no_id() -> None:
    """They are what CloudEvents say that duplicates have in common."""
    record = {"client_id": "1.2", "events": [{"name": "search", "params": {"search_term": "x"}}]}

    def name(**changed: str) -> str:
        [(_, _, event)] = decode("cloudevents", ENVELOPE | {"data": record} | changed).events
        return event.event_id

    [(_, _, binary)] = decode("cloudevents", record, headers=BINARY, timestamp=3).events
    assert name() == name(time="2024-05-01T11:00:00Z") == binary.event_id
    assert len({name(), name(id="18"), name(source="/other")}) == 3


def test_an_envelope_tells_the_time_of_an_event_that_tells_none() -> None:
    """Before the time at which Kafka took the record."""
    record = {"client_id": "1.2", "events": [{"name": "search", "params": {}}]}
    [(_, _, event)] = decode("cloudevents", ENVELOPE | {"data": record}).events
    assert event.time_ms == 1_714_557_600_000
    headers = (*BINARY, ("ce_time", b"2024-05-01T10:00:00Z"))
    [(_, _, event)] = decode("auto", record, headers=headers).events
    assert event.time_ms == 1_714_557_600_000
    [(_, _, event)] = decode("auto", record).events
    assert event.time_ms == 11


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (ENVELOPE | {"data": orjson.loads(encode(EVENT))}, (("Content-Type", b"application/CloudEvents+json"),)),
        (ENVELOPE | {"data": encode(EVENT).decode()}, ()),
        (ENVELOPE | {"data_base64": base64.b64encode(encode(EVENT)).decode()}, ()),
        (orjson.loads(encode(EVENT)), (*BINARY, ("content-type", None))),
    ],
)
def test_envelopes_of_every_kind_are_opened(value: object, headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """Structured and binary mode; data as JSON, as text and in Base64."""
    for name in ("cloudevents", "auto"):
        assert [event for _, _, event in decode(name, value, headers=headers).events] == [EVENT]


def test_a_property_that_is_called_like_another_dialects_key_changes_nothing() -> None:
    """The outermost object says what a record is."""
    line = (FIXTURES / "segment.jsonl").read_bytes().splitlines()[5]
    record = orjson.loads(line)["record"]
    expected = decode("segment", record).events
    record["properties"] |= {"shopper_id": 1, "specversion": 2, "client_id": 3, "events": [], "collector_tstamp": 4}
    assert decode("auto", record).events == expected


def _enveloped(data: bytes) -> bytes:
    return orjson.dumps(ENVELOPE | {"data": orjson.Fragment(data)})


SEGMENT = {"event": "Product Viewed", "messageId": "m", "userId": "u", "properties": {"product_id": "p"}}
SEARCH = {"event": "Products Searched", "messageId": "m", "userId": "u"}
REQUEST = {"client_id": "1.2", "events": [{"name": "view_item", "params": {"items": [{"item_id": "p"}]}}]}


def _product(**changed: object) -> dict[str, Any]:
    return SEGMENT | {"properties": {"product_id": "p"} | changed}


def _item(**changed: object) -> dict[str, Any]:
    return REQUEST | {"events": [{"name": "view_item", "params": {"items": [{"item_id": "p"}, changed]}}]}


@pytest.mark.parametrize(
    ("name", "value", "path", "detail"),
    [
        ("segment", SEGMENT | {"userId": None}, "userId or anonymousId", "says no shopper"),
        ("segment", SEGMENT | {"userId": "a{b}"}, "userId", "braces"),
        ("segment", SEGMENT | {"userId": "ada@shop.example"}, "userId", "send a pseudonym"),
        ("segment", SEGMENT | {"timestamp": "yesterday"}, "timestamp", "RFC3339"),
        ("segment", SEGMENT | {"timestamp": "1492-10-12T00:00:00Z"}, "timestamp", "no time since 1970"),
        ("segment", _product(price="cheap"), "properties.price", "is no number"),
        ("segment", _product(price=-1), "properties.price", "greater than or equal to 0"),
        ("segment", _product(price="nan"), "properties.price", "finite"),
        ("segment", _product(name=7), "properties.name", "Expected `str | null`"),
        ("segment", _product(products=[{"sku": "a"}, {"brand": "b"}]), "properties.products.1", "neither an id"),
        ("segment", _product(products=[{"sku": "{a}"}]), "properties.products.0.id", "match pattern"),
        ("segment", _product(products=[{"sku": "a"}] * 201), "properties.products", "201 products"),
        ("segment", SEGMENT | {"properties": 3}, "properties", "Expected `object | null`"),
        ("ga4", REQUEST | {"client_id": None}, "user_id or client_id or app_instance_id", "says no shopper"),
        ("ga4", REQUEST | {"timestamp_micros": "soon"}, "timestamp_micros", "microseconds"),
        ("ga4", _item(item_name=3), "events.0.params.items.1.item_name", "Expected"),
        ("ga4", _item(price=1), "events.0.params.items.1", "neither an id nor a name"),
        ("ga4", {"client_id": "1"}, "events or event_name", "neither a request nor a row"),
        ("snowplow", {"unstruct_event_" + snowplow.ECOMMERCE + "_snowplow_ecommerce_action_1": {"type": "refund"}},
         "domain_userid", "says no shopper"),
        ("cloudevents", ENVELOPE, "data", "no data"),
        ("cloudevents", ENVELOPE | {"data": ENVELOPE}, "data", "envelope in an envelope"),
        ("cloudevents", ENVELOPE | {"data_base64": "%"}, "data_base64", "Base64"),
        ("cloudevents", SEGMENT, "", "is no CloudEvent"),
        ("auto", {"something": "else"}, "", "no dialect that is known"),
        ("auto", [1], "", "Expected `object`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(name: DialectName, value: object, path: str, detail: str) -> None:
    """And nothing of its content; records beside it are read."""
    good, headers = orjson.dumps(SEGMENT), ()
    if name not in ("segment", "auto"):
        good, headers = _enveloped(good), BINARY if name == "ga4" else ()
    decoded = dialect(name).decode([Sent(0, orjson.dumps(value)), Sent(1, good, headers=headers)])
    refused = decoded.refused[0]
    assert (refused.offset, refused.reason) == (0, "empty" if detail == "no data" else "schema")
    assert path in refused.path
    assert detail in refused.detail


@pytest.mark.parametrize("name", ["native", "segment", "ga4", "snowplow", "auto", "cloudevents"])
def test_queries_are_redacted_as_they_are_told_to_be(name: DialectName) -> None:
    """Titles never by that: they are redacted by patterns alone."""
    form = name if name in FORMATS else "segment"
    lines = map(orjson.loads, (FIXTURES / f"{form}.jsonl").read_bytes().splitlines())
    records = [line["record"] for line in lines if line["events"]]
    events = [encode(event) for each in records for _, _, event in decode(form, each).events]
    values = events if name == "native" else [orjson.dumps(each) for each in records]
    if name == "cloudevents":
        values = [_enveloped(value) for value in values]
    reading = dialect(name, redact_query=lambda _: "[query]")
    found = [event for _, _, event in reading.decode([Sent(0, value) for value in values]).events]
    searches = [event.query for event in found if event.action == "search"]
    assert searches == ["[query]"] * len(searches) != []
    titles = {item.title for event in found for item in event.items}
    assert titles == {
        item.title for each in records for _, _, event in decode(form, each).events for item in event.items
    }


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


def test_a_price_that_cannot_be_one_is_left_out() -> None:
    """A card number in the wrong field, say; in the native dialect too."""
    [(_, _, event)] = decode("segment", _product(price="4111111111111111")).events
    assert event.items[0].price is None
    [(_, _, event)] = decode("native", encode(replace(EVENT, items=(Item(id="k1", price=4111111111111111.0),)))).events
    assert event.items == (Item(id="k1"),)


def test_headers_that_are_missing_are_named() -> None:
    """A binary CloudEvent has four that it cannot be without."""
    [refused] = decode("auto", REQUEST, headers=BINARY[:3]).refused
    assert (refused.reason, refused.path) == ("schema", "ce_id")
    [refused] = decode("auto", REQUEST, headers=(*BINARY, ("ce_time", b"late"))).refused
    assert refused.path == "ce_time"


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
    value = data.draw(st.sampled_from([changed, _enveloped(changed)]) | st.binary(max_size=30))
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
