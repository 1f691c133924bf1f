"""Envelopes: CloudEvents around records of any dialect, in both modes."""

import base64

import orjson
import pytest

from streams.events.decoding import encode
from tests.streams.dialect_records import AT_MS, BINARY, ENVELOPE, EVENT, REQUEST, decode


def test_an_envelopes_source_and_id_name_an_event_that_has_no_id() -> None:
    """They are what CloudEvents say that duplicates have in common."""
    record = {"client_id": "1.2", "events": [{"name": "search", "params": {"search_term": "x"}}]}

    def name(**changed: str) -> str:
        [(_, _, event)] = decode("cloudevents", ENVELOPE | {"data": record} | changed).events
        return event.event_id

    [(_, _, binary)] = decode("cloudevents", record, headers=BINARY, timestamp=AT_MS + 3).events
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
    assert event.time_ms == AT_MS


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


def test_headers_that_are_missing_are_named() -> None:
    """A binary CloudEvent has four that it cannot be without."""
    [refused] = decode("auto", REQUEST, headers=BINARY[:3]).refused
    assert (refused.reason, refused.path) == ("schema", "ce_id")
    [refused] = decode("auto", REQUEST, headers=(*BINARY, ("ce_time", b"late"))).refused
    assert refused.path == "ce_time"
