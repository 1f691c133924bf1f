"""Keying: what a sample of a topic says about its keys."""

from dataclasses import dataclass

import pytest

from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.keying import Keying, examine


@dataclass(frozen=True)
class Sampled:
    """A record as far as decoding looks at it."""

    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int = 1_700_000_000_000
    headers: tuple[tuple[str, bytes | None], ...] = ()


def record(shopper: str, key: bytes | None, offset: int = 0) -> Sampled:
    event = ShopperEvent(
        event_id=f"{shopper}-{offset}", shopper_id=shopper, action="view", time_ms=1_700_000_000_000 + offset
    )
    return Sampled(offset, key, encode(event))


def well(shopper: str, offset: int = 0) -> Sampled:
    return record(shopper, shopper.encode(), offset)


def test_well_keyed_records_have_no_fault() -> None:
    """Each shopper in one partition, each record under its shopper's id."""
    sample = {0: [well("ada", n) for n in range(9)], 1: [well("bob", n) for n in range(9)]}
    keying = examine(sample)
    assert keying == Keying(records=18, events=18, no_key=0, other_key=0, split=0)
    assert keying.fault is None


def test_nothing_has_no_fault() -> None:
    """An empty topic may be consumed."""
    assert examine({}).fault is examine({0: []}).fault is None


def test_missing_and_other_keys_are_told_apart() -> None:
    """The message gives both numbers, and of how many."""
    sample = {0: [*(record("ada", None, n) for n in range(5)), *(record("bob", b"order-7", n) for n in range(4))]}
    assert examine(sample).fault == (
        "9 of 9 sampled events are not keyed by their shopper (5 have no key, 4 have another key than their shopper)"
    )


@pytest.mark.parametrize(("wrong", "right"), [(3, 97), (20, 80), (3, 0)])
def test_a_few_mishaps_are_no_fault(wrong: int, right: int) -> None:
    """Up to a fifth of them, or three at all: those are refused one by one while the worker runs."""
    assert sample_of(wrong, right).fault is None


@pytest.mark.parametrize(("wrong", "right"), [(21, 79), (4, 0)])
def test_more_are_a_fault(wrong: int, right: int) -> None:
    """Then it is the producer's habit."""
    assert sample_of(wrong, right).fault is not None


def sample_of(wrong: int, right: int) -> Keying:
    return examine({0: [*[record("ada", None) for _ in range(wrong)], *[well("ada") for _ in range(right)]]})


def test_a_shopper_in_two_partitions_is_a_fault() -> None:
    """Even a single one: that one would stop the worker later."""
    keying = examine({0: [well("ada"), well("bob")], 1: [well("ada")], 2: [well("cyd")]})
    assert keying.split == 1
    assert keying.fault == "shoppers stand in more than one partition (1 of those in 4 sampled records)"


def test_a_record_under_a_wrong_key_puts_nobody_into_a_partition() -> None:
    """It is refused, so its shopper is not there."""
    assert examine({0: [well("ada")], 1: [record("ada", b"x")]}).fault is None


def test_what_is_no_event_says_nothing_about_keys() -> None:
    """Not even when it is all there is."""
    broken = [Sampled(n, b"ada", b"not json") for n in range(50)]
    assert examine({0: broken}) == Keying(records=50, events=0, no_key=0, other_key=0, split=0)
