"""Simulated shoppers behave like shoppers, and the same way each time."""

from collections import Counter, defaultdict
from dataclasses import replace
from itertools import groupby, islice, pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.shop.shoppers import ShopperTraffic
from streams.events.decoding import Decoder, encode
from streams.events.event import ShopperEvent


def _events(
    count: int, seed: int = 1, shoppers: int = 50, rate: float | None = None
) -> list[tuple[float, ShopperEvent]]:
    return list(islice(ShopperTraffic(seed, shoppers, rate).events(), count))


def _visits(count: int) -> list[list[ShopperEvent]]:
    """Whole visits: those after which the same shopper came again."""
    visits: dict[str, list[list[ShopperEvent]]] = defaultdict(list)
    by_shopper = sorted((event for _, event in _events(count)), key=lambda event: event.shopper_id)
    for _, events in groupby(by_shopper, key=lambda event: event.session_id):
        visit = list(events)
        visits[visit[0].shopper_id].append(visit)
    return [visit for each in visits.values() for visit in each[:-1]]


def test_the_same_seed_makes_the_same_events() -> None:
    """A run can be repeated; another seed is another run."""
    assert _events(500) == _events(500)
    assert _events(500) != _events(500, seed=2)


@given(st.integers(0, 2**32), st.integers(1, 20), st.none() | st.floats(0.1, 1e5))
def test_events_come_in_the_order_of_time(seed: int, shoppers: int, rate: float | None) -> None:
    """Times never go back, ids never repeat, and there are never more shoppers than asked for."""
    events = _events(100, seed, shoppers, rate)
    assert all(one[0] <= other[0] for one, other in pairwise(events))
    assert all(event.time_ms == int(at_s * 1_000) for at_s, event in events)
    assert len({event.event_id for _, event in events}) == 100
    assert len({event.shopper_id for _, event in events}) <= shoppers


@pytest.mark.parametrize("rate", [0.5, 20.0, 3_000.0])
def test_the_rate_is_kept(rate: float) -> None:
    """As many events a second as asked for, from the first on."""
    assert [at_s for at_s, _ in _events(300, rate=rate)] == pytest.approx([number / rate for number in range(300)])


def test_a_low_rate_leaves_shoppers_their_time_and_a_high_rate_hurries_them() -> None:
    """People think for seconds between two steps, unless there are too few of them."""

    def pause_s(rate: float) -> float:
        last: dict[str | None, float] = {}
        pauses = []
        for at_s, event in _events(4_000, shoppers=400, rate=rate):
            if event.session_id in last:
                pauses.append(at_s - last[event.session_id])
            last[event.session_id] = at_s
        return median(pauses)

    assert 3 < pause_s(10) < 10
    assert pause_s(4_000) < 1


def test_shoppers_come_back() -> None:
    """With a name known already, and another session."""
    sessions = defaultdict(set)
    for _, event in _events(5_000):
        sessions[event.shopper_id].add(event.session_id)
    assert len(sessions) == 50
    assert all(len(each) > 2 for each in sessions.values())


def test_every_event_is_valid() -> None:
    """The worker takes each of them."""

    class Record:
        headers: tuple[tuple[str, bytes | None], ...] = ()

        def __init__(self, event: ShopperEvent) -> None:
            self.offset, self.timestamp = 0, 1_700_000_000_000
            self.key, self.value = (
                event.shopper_id.encode(),
                encode(replace(event, time_ms=event.time_ms + 1_700_000_000_000)),
            )

    assert Decoder().decode([Record(event) for _, event in _events(2_000)]).refused == []


def test_visits_are_funnels() -> None:
    """They begin with looking for something, and an order needs a cart with just those items, and a checkout."""
    visits = _visits(10_000)
    assert len(visits) > 500
    for visit in visits:
        begin = next(event.action for event in visit if event.action != "refund")
        assert begin in {"search", "list_view"}
        cart: Counter[str] = Counter()
        for before, event in pairwise(visit):
            if event.action == "cart_add":
                cart.update(item.id for item in event.items)
            if event.action == "cart_remove":
                cart.subtract(item.id for item in event.items)
                assert min(cart.values()) >= 0
            if event.action == "purchase":
                assert before.action == "checkout"
                assert Counter(item.id for item in event.items) == +cart
                assert event.order_id


def test_refunds_are_of_what_was_bought() -> None:
    """Only a shopper's own last order comes back."""
    bought: dict[str, set[str]] = defaultdict(set)
    refunds = 0
    for _, event in _events(10_000):
        if event.action == "purchase":
            bought[event.shopper_id] |= {item.id for item in event.items}
        if event.action == "refund":
            refunds += 1
            assert event.items[0].id in bought[event.shopper_id]
    assert refunds


def test_most_look_and_few_buy() -> None:
    """Looking is most of it, minds change, carts are left, and some visits end with an order."""
    visits = _visits(10_000)

    def share(*actions: str) -> float:
        return sum(bool({event.action for event in visit} & set(actions)) for visit in visits) / len(visits)

    counts = Counter(event.action for visit in visits for event in visit)
    assert counts["view"] > sum(counts.values()) / 3
    assert 0.1 < share("purchase") < share("cart_add") < 0.6
    assert 0 < share("cart_remove") < share("cart_add") / 2
    assert share("search") > 0.5
