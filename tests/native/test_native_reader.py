"""penchant-native, where it is installed: it says what Python says, or leaves it to Python. For make native alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import __version__
from streams.events.decoding import Decoded, Decoder, encode
from streams.events.event import Item, ShopperEvent
from streams.events.native_reader import MADE_FOR, decoder_name, native_reader
from streams.events.wire import Wire
from tests.native.records import GOOD, HOSTILE, value_of
from tests.streams.events.test_decoding import events

pytestmark = pytest.mark.native

RECORDS = 20_000
NOW_MS = 1_700_000_000_000


@dataclass(frozen=True)
class Raw:
    """A record as a broker would deliver it."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = NOW_MS
    headers: tuple[tuple[str, bytes | None], ...] = ()


EVENT = ShopperEvent("e1", "s1", "view", NOW_MS, (Item("p1", "Kettle", price=9.5),))
VALUE = encode(EVENT)


class Readers:
    """Both, with what they remember of earlier records."""

    def __init__(self, *, keyed: bool = False, products: int = 3) -> None:
        self._ours = Decoder(keyed=keyed, products=products)
        self._python = Decoder(keyed=keyed, products=products, native=False)

    def same(self, records: Sequence[Raw]) -> Decoded:
        """What both make of records, to the type of each value."""
        ours, theirs = self._ours.decode(records), self._python.decode(records)
        assert ours == theirs
        assert repr(ours[:2]) == repr(theirs[:2])
        return ours


def _left(*records: Raw, keyed: bool = True, max_bytes: int = 262_144) -> list[int]:
    """The places of the records that are left to Python."""
    reader = native_reader(Wire(10), 10)
    assert reader is not None, "remedy: make native"
    return reader.read(records, max_bytes, keyed=keyed)[1]


def test_it_is_this_version_s_and_named() -> None:
    """Penchant, the distribution and what is expected of it have one version."""
    assert __version__ == MADE_FOR
    assert decoder_name() == f"Rust (penchant-native {MADE_FOR})"


@given(st.lists(events, max_size=4))
def test_events_of_every_field_are_read_alike_and_left_to_nobody(told: list[ShopperEvent]) -> None:
    """It takes all that the quick way in Python takes."""
    records = [Raw(number, event.shopper_id.encode(), encode(event)) for number, event in enumerate(told)]
    Readers(keyed=True).same(records)
    taken = [Wire(10).read(record.value or b"") is not None for record in records]
    assert [place for place, quick in enumerate(taken) if not quick] == _left(*records)


@given(st.integers(0, 2**32))
def test_whatever_comes_is_read_or_refused_alike(seed: int) -> None:
    """Objects, refusals, their paths and words, and every count, whatever stands beside in a batch."""
    random = Random(seed)
    Readers().same([Raw(number, None, value_of(random)) for number in range(5)])


@pytest.mark.parametrize("name", GOOD)
def test_each_hostile_value_in_each_field_is_read_alike(name: str) -> None:
    """In its place, beside a good one before it and after it, and in one that nobody asked for."""
    readers = Readers()
    for hostile in HOSTILE:
        fields = {each: values[0] for each, values in GOOD.items()}
        for told in (
            [*(fields | {name: hostile}).items()],
            [*fields.items(), (name, hostile)],
            [(name, hostile), *fields.items()],
            [*fields.items(), ("other", hostile)],
        ):
            text = "{" + ",".join(f'"{field}":{value}' for field, value in told) + "}"
            readers.same([Raw(1, None, text.encode("utf-8", "surrogatepass"))])


def test_many_records_one_after_the_other_are_read_alike_and_mostly_in_rust() -> None:
    """What is remembered changes nothing; of the records that are events, hardly any is left to Python."""
    random, readers, reader = Random(1), Readers(), native_reader(Wire(3), 3)
    assert reader is not None
    numbers = iter(range(RECORDS))
    good = left = 0
    while batch := [Raw(number, None, value_of(random)) for number in islice(numbers, 50)]:
        decoded = readers.same(batch)
        events = {offset for offset, _, _ in decoded.events}
        good += len(events)
        left += sum(batch[place].offset in events for place in reader.read(batch, 262_144, keyed=False)[1])
    assert good > RECORDS / 3  # or this would show little
    assert left < good / 5


@pytest.mark.parametrize(
    "record",
    [
        Raw(1, b"s1", None),
        Raw(1, b"s1", b""),
        Raw(1, b"s1", b" " * 300_000),
        Raw(1, b"s1", VALUE, -1),
        Raw(1, b"s1", VALUE, 2**70),
        Raw(1, b"s1", VALUE, headers=(("\x7f", None),)),
        Raw(1, b"s1", VALUE, headers=(("trace", b"1"),)),
        Raw(1, b"s2", VALUE),
        Raw(1, None, VALUE),
    ],
)
def test_what_stands_around_a_value_is_python_s_to_judge(record: Raw) -> None:
    """Keys, times of records, sizes and names of headers are refused by the same words."""
    assert _left(record) == [0]
    Readers(keyed=True).same([record, Raw(2, b"s1", VALUE)])


def test_events_between_those_that_are_left_keep_their_places() -> None:
    """Offsets stay attached, in the order of the log, and each bad record is refused at its own."""
    values = [VALUE, b"{}", VALUE.replace(b'"e1"', b'"(null)"'), VALUE, b"null", VALUE]
    decoded = Readers().same([Raw(offset, None, value) for offset, value in enumerate(values)])
    assert [offset for offset, _, _ in decoded.events] == [0, 2, 3, 5]
    assert [refusal.offset for refusal in decoded.refused] == [1, 4]


@pytest.mark.parametrize(
    "value", [b'["e1","s1","view",1700000000000]', VALUE[:-1] + b',"consent":[true,false]}', b'[["e1"]]', b"7"]
)
def test_lists_are_no_objects(value: bytes) -> None:
    """Some readers of JSON take a list for an object, field by field."""
    assert _left(Raw(1, b"s1", value)) == [0]


def test_products_and_shoppers_are_shared() -> None:
    """Sessions that saw a product hold it once, and one text of who it was."""
    decoder = Decoder()
    records = [Raw(number, b"s1", VALUE.replace(b'"e1"', b'"e%d"' % number)) for number in range(3)]
    seen = [event for _, _, event in decoder.decode(records).events]
    assert seen[0].items[0] is seen[1].items[0] is seen[2].items[0]
    assert seen[0].shopper_id is seen[2].shopper_id


def test_deep_nesting_ends_no_worker() -> None:
    """Where nobody asked for the field, and in a product."""
    deep = b"[" * 200_000 + b"]" * 200_000
    for value in (VALUE[:-1] + b',"deep":' + deep + b"}", VALUE.replace(b'"Kettle"', deep)):
        assert _left(Raw(1, b"s1", value), max_bytes=1_000_000) == [0]
        Readers().same([Raw(1, None, value[:262_144])])


@pytest.mark.parametrize("fault", [ValueError("a fault of ours"), KeyboardInterrupt()])
def test_what_the_rules_raise_is_raised(fault: BaseException) -> None:
    """The worker's own boundary judges it: it is neither swallowed nor taken for a record's fault."""

    def fail(_: str) -> str:
        raise fault

    decoder = Decoder(redact_query=fail)
    searched = orjson.dumps(orjson.loads(VALUE) | {"query": "kettle"})
    with pytest.raises(type(fault)):
        decoder.decode([Raw(1, b"s1", searched)])
    assert len(decoder.decode([Raw(2, b"s1", VALUE)]).events) == 1


def test_a_reader_that_is_used_by_its_own_rules_says_so() -> None:
    """One record at a time."""
    decoder: Decoder

    def again(query: str) -> str:
        decoder.decode([Raw(2, b"s1", VALUE)])
        return query

    decoder = Decoder(redact_query=again)
    searched = orjson.dumps(orjson.loads(VALUE) | {"query": "kettle"})
    with pytest.raises(RuntimeError, match="borrowed"):
        decoder.decode([Raw(1, b"s1", searched)])
