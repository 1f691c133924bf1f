"""Dialects: records of every kind become events, or are refused whole."""

from dataclasses import dataclass

import orjson
import pytest

from streams.decoding import encode
from streams.dialects import DIALECTS, RecordDialect
from streams.events import Item, ShopperEvent

REES46 = b"2019-10-01 00:00:00 UTC,cart,44600062,2103807459595387724,electronics.phone,acme,35.79,541312140,72d76fde"
EVENT = ShopperEvent(event_id="e1", shopper_id="ada", action="view", time_ms=7, items=(Item(id="k1"),))


@dataclass(frozen=True)
class Sent:
    """A record as far as decoding looks at it."""

    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 11


def test_the_native_dialect_does_not_mind_the_key() -> None:
    """That is what rekeying is for."""
    decoded = DIALECTS["native"]().decode([Sent(3, encode(EVENT)), Sent(4, encode(EVENT), b"order-7"), Sent(5, b"{}")])
    assert decoded.events == [(3, 11, EVENT), (4, 11, EVENT)]
    assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(5, "schema")]


def test_a_row_of_rees46_is_an_event_and_a_header_is_nothing() -> None:
    """As in their files, also with the end of the line."""
    header = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    decoded = DIALECTS["rees46"]().decode([Sent(0, header), Sent(1, REES46 + b"\r\n"), Sent(2, REES46 + b",more")])
    [(offset, timestamp, event)] = decoded.events
    assert (offset, timestamp, event.shopper_id, event.action) == (1, 11, "541312140", "cart_add")
    assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == [(2, "schema")]


def test_a_session_of_otto_is_as_many_events() -> None:
    """In their order, all at the record's offset; one bad entry makes the record a bad one."""
    entries = [{"aid": 1, "ts": 5, "type": "clicks"}, {"aid": 2, "ts": 6, "type": "carts"}]
    good = orjson.dumps({"session": 12, "events": entries})
    bad = orjson.dumps({"session": 12, "events": [*entries, {"aid": 3, "ts": 7, "type": "stares"}]})
    decoded = DIALECTS["otto"]().decode([Sent(0, good), Sent(1, bad), Sent(2, b"[]")])
    assert [(offset, event.shopper_id, event.time_ms) for offset, _, event in decoded.events] == [
        (0, "12", 5),
        (0, "12", 6),
    ]
    assert [(refusal.offset, refusal.detail) for refusal in decoded.refused] == [
        (1, "1 of 3 entries are no event of OTTO"),
        (2, "1 of 1 entries are no event of OTTO"),
    ]


@pytest.mark.parametrize("name", DIALECTS)
def test_no_dialect_takes_nothing_or_too_much(name: str) -> None:
    """Tombstones and records beyond the limit are refused unread."""
    decoded = DIALECTS[name]().decode([Sent(0, None), Sent(1, b""), Sent(2, b" " * 2_000_000)])
    assert [refusal.reason for refusal in decoded.refused] == ["empty", "empty", "too_large"]


def test_a_records_events_keep_the_order_of_records() -> None:
    """Whatever was refused in between."""
    dialect = RecordDialect(lambda value: [EVENT] * int(value))
    decoded = dialect.decode([Sent(0, b"2"), Sent(1, None), Sent(2, b"0"), Sent(3, b"1")])
    assert [offset for offset, _, _ in decoded.events] == [0, 0, 3]
