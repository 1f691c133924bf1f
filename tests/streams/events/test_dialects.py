"""Dialects: records of every kind become events."""

from typing import Any

import orjson
import pytest

from streams.events.decoding import encode
from streams.events.dialects import DIALECTS, DialectName, RecordDialect, dialect
from streams.events.event import Action
from streams.events.formats import ga4, segment, snowplow
from tests.streams.dialect_records import (
    AT_MS,
    BINARY,
    ENVELOPE,
    EVENT,
    FIXTURES,
    FORMATS,
    Sent,
    decode,
    enveloped,
    fixtures,
    native_events,
)

REES46 = b"2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,541312140,72d76fde"
OTTO = b'{"session":12,"events":[{"aid":1,"ts":1714557600005,"type":"clicks"}]}'


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
        found = native_events(decoded)
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
    assert decoded.events == [(3, AT_MS, EVENT), (4, AT_MS, EVENT)]
    assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(5, "schema")]


@pytest.mark.parametrize("name", DIALECTS)
def test_a_worker_takes_only_what_is_keyed_by_its_shopper(name: DialectName) -> None:
    """In any dialect: a shopper's events must stand in one partition."""
    if name in ("segment", "ga4", "snowplow"):
        records = [orjson.loads(line)["record"] for line in (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()]
        value = orjson.dumps(records[0])
    else:
        own = {"rees46": REES46, "otto": OTTO, "cloudevents": orjson.dumps(ENVELOPE | {"data": {}})}
        value = own.get(name, encode(EVENT)) if name != "cloudevents" else enveloped(encode(EVENT))
    [(_, _, event)] = dialect(name).decode([Sent(0, value)]).events
    keyed = dialect(name, keyed=True)
    assert keyed.decode([Sent(0, value, event.shopper_id.encode())]).events == [(0, AT_MS, event)]
    for key in (None, b"someone"):
        assert [refusal.reason for refusal in keyed.decode([Sent(0, value, key)]).refused] == ["key"]


def test_a_row_of_rees46_is_an_event_and_a_header_is_nothing() -> None:
    """As in their files, also with the end of the line."""
    header = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    for name in ("rees46", "auto"):
        decoded = dialect(name).decode([Sent(0, header), Sent(1, REES46 + b"\r\n"), Sent(2, REES46 + b",more")])
        [(offset, timestamp, event)] = decoded.events
        assert (offset, timestamp, event.shopper_id, event.action) == (1, AT_MS, "541312140", "cart_add")
        assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(2, "schema")]


def test_a_session_of_otto_is_as_many_events() -> None:
    """In their order, all at the record's offset; one bad entry makes the record a bad one."""
    entries = [{"aid": 1, "ts": AT_MS, "type": "clicks"}, {"aid": 2, "ts": AT_MS + 1, "type": "carts"}]
    good = orjson.dumps({"session": 12, "events": entries})
    bad = orjson.dumps({"session": 12, "events": [*entries, {"aid": 3, "ts": AT_MS, "type": "stares"}]})
    decoded = dialect("otto").decode([Sent(0, good), Sent(1, bad), Sent(2, b"[]")])
    assert [(offset, event.shopper_id, event.time_ms) for offset, _, event in decoded.events] == [
        (0, "12", AT_MS),
        (0, "12", AT_MS + 1),
    ]
    assert [(refusal.offset, refusal.path, refusal.detail) for refusal in decoded.refused] == [
        (1, "events.2", "no event of OTTO"),
        (2, "", "is an empty list: it says of no event"),
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
    request = {"client_id": "1.2", "timestamp_micros": AT_MS * 1_000, "events": [view, {"name": "login"}, view]}
    first, again = decode("ga4", request), decode("ga4", request, timestamp=AT_MS + 99)
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


def test_a_property_that_is_called_like_another_dialects_key_changes_nothing() -> None:
    """The outermost object says what a record is."""
    line = (FIXTURES / "segment.jsonl").read_bytes().splitlines()[5]
    record = orjson.loads(line)["record"]
    expected = decode("segment", record).events
    record["properties"] |= {"shopper_id": 1, "specversion": 2, "client_id": 3, "events": [], "collector_tstamp": 4}
    assert decode("auto", record).events == expected


@pytest.mark.parametrize("name", ["native", "segment", "ga4", "snowplow", "auto", "cloudevents"])
def test_queries_are_redacted_as_they_are_told_to_be(name: DialectName) -> None:
    """Titles never by that: they are redacted by patterns alone."""
    form = name if name in FORMATS else "segment"
    lines = map(orjson.loads, (FIXTURES / f"{form}.jsonl").read_bytes().splitlines())
    records = [line["record"] for line in lines if line["events"]]
    events = [encode(event) for each in records for _, _, event in decode(form, each).events]
    values = events if name == "native" else [orjson.dumps(each) for each in records]
    if name == "cloudevents":
        values = [enveloped(value) for value in values]
    reading = dialect(name, redact_query=lambda _: "[query]")
    found = [event for _, _, event in reading.decode([Sent(0, value) for value in values]).events]
    searches = [event.query for event in found if event.action == "search"]
    assert searches == ["[query]"] * len(searches) != []
    titles = {item.title for event in found for item in event.items}
    assert titles == {
        item.title for each in records for _, _, event in decode(form, each).events for item in event.items
    }
