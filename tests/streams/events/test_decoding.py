"""Decoding: what is an event, what is refused and why, and that offsets stay attached whatever stands beside."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.events.decoding import Decoded, Decoder, encode, joined
from streams.events.event import Item, ShopperEvent
from streams.events.placeholders import is_placeholder
from streams.events.texts import worded
from streams.events.times import EARLIEST_MS, LATEST_MS
from streams.events.wire import Wire
from streams.sessions.session import ACTIONS


@dataclass(frozen=True)
class Raw:
    """A record as a broker would deliver it."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_700_000_000_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


EVENT = ShopperEvent(
    event_id="e1", shopper_id="s1", action="view", time_ms=1_700_000_000_000, items=(Item(id="p1", price=9.5),)
)
GOOD = encode(EVENT)

identifiers = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="{}"), min_size=1, max_size=128)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
items = st.builds(
    Item,
    id=identifiers.filter(worded),
    title=texts,
    category=texts,
    brand=texts,
    price=st.none() | st.floats(min_value=0, allow_infinity=False, allow_nan=False),
    currency=st.none() | st.text("EURSD", max_size=3),
    quantity=st.integers(0, 1_000_000),
)
somebody = identifiers.filter(lambda identifier: not is_placeholder(identifier))
events = st.builds(
    ShopperEvent,
    event_id=somebody,
    shopper_id=somebody,
    action=st.sampled_from(ACTIONS),
    time_ms=st.integers(EARLIEST_MS, LATEST_MS),
    items=st.lists(items, max_size=3).map(tuple),
    query=texts,
    session_id=texts,
    order_id=texts,
)


def _changed(**fields: object) -> bytes:
    return orjson.dumps(orjson.loads(GOOD) | fields)


BAD = [
    (None, "empty", ""),
    (b"", "empty", ""),
    (b" " * 300_000, "too_large", ""),
    (b"not json", "json", ""),
    (GOOD[:-1], "json", ""),
    (GOOD + b"," + GOOD, "json", ""),  # two events in one record
    (b'{"event_id":"e","items":[{"id":"x"}', "json", ""),  # a half, whose other half follows
    (b'{"id":"y"}],"shopper_id":"s1"}', "json", ""),
    (GOOD.replace(b'"p1"', b'"p\xff"'), "json", ""),  # not UTF-8
    (b"null", "schema", ""),
    (b"[]", "schema", ""),
    (b"[" + GOOD + b"]", "schema", ""),
    (b"{}", "schema", "event_id"),
    (_changed(action="dance"), "schema", "action"),
    (_changed(time_ms=-1), "unit", "time_ms"),
    (_changed(shopper_id="a{b}"), "schema", "shopper_id"),
    (_changed(shopper_id=""), "nobody", "shopper_id"),
    (_changed(items=[{"id": "p1", "price": -1}]), "schema", "items.0.price"),
    (_changed(items=[{"title": "no id"}]), "schema", "items.0.id"),
]


def _one(value: bytes | None, key: bytes | None = b"s1") -> Decoded:
    return Decoder().decode([Raw(7, key, value)])


@given(events)
def test_encoded_events_decode_to_themselves(event: ShopperEvent) -> None:
    """What a producer writes is what the worker reads, but for personal data."""
    read = Wire(products=1).redacted(event)
    assert _one(encode(event), event.shopper_id.encode()) == Decoded([(7, 1_700_000_000_000, read)], [])


def test_encode_leaves_defaults_out() -> None:
    """The native form holds what was said, nothing else."""
    assert orjson.loads(GOOD) == {
        "event_id": "e1",
        "shopper_id": "s1",
        "action": "view",
        "time_ms": 1_700_000_000_000,
        "items": [{"id": "p1", "price": 9.5}],
    }


@pytest.mark.parametrize(("value", "reason", "path"), BAD)
def test_bad_records_are_refused_with_reason_and_path(value: bytes | None, reason: str, path: str) -> None:
    """A refusal says what is wrong, and where."""
    decoded = _one(value)
    assert decoded.events == []
    assert [(refusal.offset, refusal.reason, refusal.path) for refusal in decoded.refused] == [(7, reason, path)]


@pytest.mark.parametrize("key", [None, b"", b"s2", b"s1 "])
def test_events_under_another_key_are_refused(key: bytes | None) -> None:
    """The topic is keyed by shopper: another key may put a shopper into two partitions."""
    assert [refusal.reason for refusal in _one(GOOD, key).refused] == ["key"]


def test_keys_are_compared_as_utf8() -> None:
    """Shopper ids need not be ASCII."""
    event = replace(EVENT, shopper_id="käufer")
    assert len(_one(encode(event), "käufer".encode()).events) == 1


@given(st.text("SECRET", min_size=20, max_size=50))
def test_details_are_short_and_quote_no_value(secret: str) -> None:
    """Headers of dead letters and logs must not carry what shoppers typed."""
    values = [_changed(action=secret), _changed(time_ms=secret), _changed(items=secret), secret.encode()]
    for refusal in Decoder().decode([Raw(offset, b"s1", value) for offset, value in enumerate(values)]).refused:
        assert refusal.detail
        assert len(refusal.detail) <= 200
        assert secret not in refusal.detail + refusal.path


def test_unknown_fields_do_not_enter() -> None:
    """Addresses and the like are dropped at the door."""
    assert _one(_changed(email="someone@example.org")).events[0][2] == EVENT


@given(
    st.lists(st.sampled_from(range(len(BAD))) | events, max_size=20),
    st.integers(1, 1_000),
)
def test_exactly_the_bad_are_refused_and_offsets_stay_attached(mix: Sequence[int | ShopperEvent], step: int) -> None:
    """Whatever stands beside an event, it is decoded, at its own offset; whatever is bad is refused, at its own."""
    records = [
        Raw(number * step, b"s1", BAD[each][0])
        if isinstance(each, int)
        else Raw(number * step, each.shopper_id.encode(), encode(each))
        for number, each in enumerate(mix)
    ]
    decoded = Decoder().decode(records)
    read = Wire(products=1).redacted
    good = [(number * step, read(each)) for number, each in enumerate(mix) if isinstance(each, ShopperEvent)]
    bad = [(number * step, BAD[each][1]) for number, each in enumerate(mix) if isinstance(each, int)]
    assert [(offset, event) for offset, _, event in decoded.events] == good
    assert [(refusal.offset, refusal.reason) for refusal in decoded.refused] == bad


HALVES = [
    # each pair is one event when joined, in an array or in an object
    (GOOD[:-1] + b',"more":[{"x":1}', b'{"x":2}]}'),
    (GOOD[:-1] + b',"more":"}', b'{"}'),
    (GOOD[:-1] + b',"more":{"y":{}', b'{"z":{}}}}'),
]


@pytest.mark.parametrize(("first", "second"), HALVES)
@pytest.mark.parametrize("two", [GOOD + b"," + GOOD, GOOD + b',"x":' + GOOD, GOOD + b",\n" + GOOD])
def test_halves_do_not_shift_offsets(first: bytes, second: bytes, two: bytes) -> None:
    """Two halves and a double, three records and three events when joined, are still three bad records."""
    values = [first, second, two, GOOD]
    decoded = Decoder().decode([Raw(offset, b"s1", value) for offset, value in enumerate(values)])
    assert [refusal.offset for refusal in decoded.refused] == [0, 1, 2]
    assert [offset for offset, _, _ in decoded.events] == [3]


def test_events_of_the_same_product_share_one_item() -> None:
    """A hundred sessions that saw a product hold it once."""
    decoder = Decoder()
    seen = [
        decoder.decode([Raw(offset, b"s1", encode(replace(EVENT, event_id=f"e{offset}")))]).events[0][2].items[0]
        for offset in range(3)
    ]
    assert seen[0] is seen[1] is seen[2]


def test_a_changed_product_is_not_taken_for_the_old() -> None:
    """A new price is a new Item, and the one shared from then on."""
    old, new = Item(id="p1", price=9.5), Item(id="p1", price=8.0)
    shown = [(old,), (new,), (new, old), (old, Item(id="p2"))]
    records = [Raw(offset, b"s1", encode(replace(EVENT, items=each))) for offset, each in enumerate(shown)]
    assert [event.items for _, _, event in Decoder().decode(records).events] == shown


def test_remembered_products_are_bounded() -> None:
    """More products than the bound are decoded all the same, and the first are forgotten."""
    decoder = Decoder(products=2)
    names = ["a", "b", "c", "a"]
    records = [Raw(n, b"s1", encode(replace(EVENT, items=(Item(id=name),)))) for n, name in enumerate(names)]
    items = [event.items[0] for _, _, event in decoder.decode(records).events]
    assert [item.id for item in items] == names
    assert items[0] is not items[3]


def test_parts_are_joined_with_all_that_was_counted() -> None:
    """No count of a part is lost, or taken for another."""
    part = Decoded([], [], 1, 2, 3, 4, 5, {("drop", "health"): 6})
    assert joined([part, part]) == Decoded([], [], 2, 4, 6, 8, 10, {("drop", "health"): 12})
