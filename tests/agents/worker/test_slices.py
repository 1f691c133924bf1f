"""Slices: what ingest takes in without a turn of the event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.health.statistics import Meter
from agents.worker.slices import Portion, Slice, SliceRules, Slices
from streams.events.decoding import Decoded, Decoder
from streams.events.decoding import Record as KafkaRecord
from tests.clients.virtual import virtually

RULES = SliceRules(records=40, size_bytes=800, decode_s=60.0)
"""Portions of 5 records and 100 bytes, with time enough."""


@dataclass(frozen=True)
class Record:
    offset: int
    value: bytes | None
    key: bytes | None = None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Slow:
    """Takes its time for each portion, by the loop's clock, and remembers the thread that it was called in."""

    def __init__(self, take: Callable[[], None] = lambda: None) -> None:
        self.threads: list[int] = []
        self._take, self._decoder = take, Decoder()

    def decode(self, records: Sequence[KafkaRecord]) -> Decoded:
        self._take()
        self.threads.append(threading.get_ident())
        return self._decoder.decode(records)


async def decoded(decoder: Slow, records: Sequence[Record], done: int = 0, rules: SliceRules = RULES) -> list[Slice]:
    """Every slice of a batch."""
    slices, made = Slices(decoder, rules, Meter()), []
    portions = slices.portions(records, done)
    while portions:
        made.append(await slices.first(portions))
    return made


def offsets(each: Slice) -> list[int]:
    """What stands in a slice: all of these records are refused."""
    return [refusal.offset for refusal in each.decoded.refused]


@given(st.lists(st.none() | st.integers(0, 100), max_size=200), st.integers(0, 60))
def test_a_slice_is_bounded_in_records_and_bytes(sizes: list[int | None], done: int) -> None:
    """All records from an offset on, in their order."""
    records = [Record(offset, None if size is None else bytes(size)) for offset, size in enumerate(sizes)]
    slices = virtually(lambda: decoded(Slow(), records, done))
    assert [offset for each in slices for offset in offsets(each)] == list(range(done, len(records)))
    for each in slices:
        assert each.last_offset == offsets(each)[-1]
        assert 1 <= len(offsets(each)) <= RULES.records
        assert sum(len(records[offset].value or b"") for offset in offsets(each)) <= RULES.size_bytes


@pytest.mark.parametrize(("decode_s", "lengths"), [(0.0, [5] * 12), (60.0, [40, 20])])
async def test_a_slice_ends_when_its_time_is_over(decode_s: float, lengths: list[int]) -> None:
    """After the portion in which the loop's clock has gone too far; what is left is of the next slice."""
    rules = SliceRules(records=40, size_bytes=800, decode_s=decode_s)
    slices = await decoded(Slow(), [Record(offset, b"{") for offset in range(60)], rules=rules)
    assert [len(offsets(each)) for each in slices] == lengths


async def test_a_large_record_is_decoded_beside_the_loop() -> None:
    """In a thread, alone, and in its place among the others."""
    decoder = Slow()
    records = [Record(0, b"{"), Record(1, bytes(101)), Record(2, b"{")]
    slices = await decoded(decoder, records)
    assert [offset for each in slices for offset in offsets(each)] == [0, 1, 2]
    first, large, last = decoder.threads
    assert first == last == threading.get_ident() != large


async def test_two_batches_are_never_decoded_at_once() -> None:
    """A decoder remembers products, and is no good for two threads."""
    inside = threading.Lock()
    at_once: list[bool] = []

    def take() -> None:
        at_once.append(inside.acquire(blocking=False))
        inside.release()

    slices = Slices(Slow(take), RULES, Meter())
    batches = [slices.portions([Record(offset, bytes(101)) for offset in range(20)], 0) for _ in range(3)]

    async def all_of(portions: deque[Portion]) -> None:
        while portions:
            await slices.first(portions)

    await asyncio.gather(*map(all_of, batches))
    assert at_once == [True] * 60


@pytest.mark.parametrize("size", [1, 101])
async def test_what_the_decoder_fails_at_is_refused_alone(size: int) -> None:
    """On the loop and beside it."""

    def fail() -> None:
        raise KeyError

    meter = Meter()
    slices = Slices(Slow(fail), RULES, meter)
    each = await slices.first(slices.portions([Record(4, bytes(size))], 0))
    assert [(refusal.offset, refusal.reason) for refusal in each.decoded.refused] == [(4, "fault")]
    assert meter.faults == {("record", "KeyError"): 1}
