"""Cutting: predictors see the past, and nothing but the past."""

from collections import Counter
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.eval.cases import LEAST, cases, shuffled
from penchant.offline.eval.population import PopulationCounter
from sandbox.shop.shoppers import ShopperTraffic
from streams.events.event import Item, ShopperEvent

START_MS = 1_700_000_000_000
actions = st.sampled_from(["view", "cart_add", "purchase", "search", "list_view"])
steps = st.tuples(st.sampled_from("xyz"), actions, st.integers(0, 5), st.integers(0, 2_400_000))


def drawn_events(drawn: list[tuple[str, str, int, int]]) -> list[ShopperEvent]:
    """Events of (shopper, action, item, milliseconds since the one before)."""
    time_ms, events = START_MS, []
    for number, (shopper, action, item, passed_ms) in enumerate(drawn):
        time_ms += passed_ms
        items = (
            () if action == "search" else (Item(f"i{item}", category=f"c{item % 3}", brand=f"b{item % 2}", price=item),)
        )
        query = "kettle" if action == "search" else None
        events.append(ShopperEvent(f"e{number}", shopper, action, time_ms, items, query))  # type: ignore[arg-type]
    return events


def simulated(count: int = 450, seed: int = 1) -> list[ShopperEvent]:
    """Simulated shoppers, whose sessions hang together."""
    timed = islice(ShopperTraffic(seed, 40, 20.0).events(), count)
    return [event for _, event in timed if isinstance(event, ShopperEvent)]


@given(st.lists(steps, max_size=40))
def test_what_is_shown_is_the_past(drawn: list[tuple[str, str, int, int]]) -> None:
    """With everything after a cut gone, the same is shown at it: no event is seen before its time."""
    events = drawn_events(drawn)
    whole = {case.shown.view.entries[-1].event_id: case.shown for case in cases(events, 100, 1).cases}
    for number, event in enumerate(events):
        if event.event_id in whole:
            follower = ShopperEvent("last", event.shopper_id, "view", event.time_ms, (Item("new"),))
            cut = cases([*events[: number + 1], follower], 100, 1).cases
            assert [case.shown for case in cut if case.shown.view.entries[-1].event_id == event.event_id] == [
                whole[event.event_id]
            ]


@given(st.lists(steps, max_size=40))
def test_the_unseen_is_not_in_the_window(drawn: list[tuple[str, str, int, int]]) -> None:
    """At least two events are shown, and an unseen item is none of the window's."""
    made = cases(drawn_events(drawn), 100, 1)
    for case in made.cases:
        assert case.shown.view.events >= LEAST
        assert case.unseen is None or case.unseen.item not in case.shown.view.products
        assert 0 <= case.visit < made.visits


def test_a_pause_ends_a_session() -> None:
    """What is done after half an hour is not foretold by what was done before."""
    events = drawn_events([("x", "view", 1, 0), ("x", "view", 2, 0), ("x", "view", 3, 0), ("x", "view", 4, 2_000_000)])
    assert [case.following.item for case in cases(events, 100, 1).cases] == ["i3"]


def test_sessions_are_drawn() -> None:
    """No more than asked for, the same for a seed, and crowds are counted over all."""
    events = simulated()
    few, all_ = cases(events, 10, 1), cases(events, 10_000, 1)
    assert few.visits == 10 < all_.visits
    assert few == cases(events, 10, 1)
    assert set(few.pool) == set(all_.pool)
    by_window = {case.shown.view: case.shown.population for case in all_.cases}
    assert all(by_window[case.shown.view] == case.shown.population for case in few.cases)


def test_shuffling_keeps_times_and_things_done() -> None:
    """Who does something when stays; what is done is drawn from all."""
    events = simulated()
    mixed = shuffled(events, 1)
    assert [(event.shopper_id, event.time_ms) for event in mixed] == [(e.shopper_id, e.time_ms) for e in events]
    assert Counter((e.event_id, e.action, e.items, e.query) for e in mixed) == Counter(
        (e.event_id, e.action, e.items, e.query) for e in events
    )
    assert [event.event_id for event in mixed] != [event.event_id for event in events]


def test_the_crowd_counts_what_followed() -> None:
    """A share starts from what is usual, and moves to what was seen."""
    population = PopulationCounter()
    for number in range(1_000):
        population.learn("x", "cart_add" if number % 2 else "purchase", "c", "b", float(number), first=number == 0)
    told = population.stats_after("cart_add")
    assert told.categories == ("c",)
    assert told.purchase_after > 0.85 > population.stats_after("purchase").purchase_after
    assert told.band is not None
    assert told.band == (101.0, 899.0)
