"""Outcomes: nothing before a request counts, nor after its time; and what is not known is not said."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.export.outcomes import OUTCOME_COLUMNS, Afterwards, Known, Wanted
from streams.events.event import Action, Item, ShopperEvent

WITHIN_MS = 20
ALL = Known(0, 10_000)
ACTIONS = st.sampled_from(["view", "click", "cart_add", "purchase"])
EVENTS = st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 100), ACTIONS), max_size=15)


def event(number: int, who: str, at_ms: int, action: Action, sku: str = "kettle") -> ShopperEvent:
    return ShopperEvent(f"e{number}", who, action, at_ms, items=(Item(sku, price=30.0, quantity=2, currency="EUR"),))


def outcome(
    rows: list[dict[str, Any]], told: list[ShopperEvent], known: Known = ALL, **more: str
) -> list[dict[str, Any]]:
    wanted = Wanted("who", "at", WITHIN_MS, currency="EUR", **more)
    afterwards = Afterwards(rows, wanted)
    for each in told:
        afterwards.add(each, each.time_ms)
    return [afterwards.columns(row, known) for row in rows]


@given(EVENTS, st.lists(st.tuples(st.sampled_from(["ada", "bob"]), st.integers(0, 100)), max_size=6))
def test_it_is_what_came_after_the_request_and_in_time(
    told: list[tuple[str, int, Action]], asked: list[tuple[str, int]]
) -> None:
    """Against a look at all events; whatever their order, and though each is told twice."""
    events = [event(number, *each) for number, each in enumerate(told)]
    found = outcome([{"who": who, "at": at_ms} for who, at_ms in asked], [*events, *reversed(events)])
    for (who, at_ms), columns in zip(asked, found, strict=True):
        after = [each.action for each in events if each.shopper_id == who and 0 < each.time_ms - at_ms <= WITHIN_MS]
        assert columns == {
            "penchant_outcome_until": at_ms + WITHIN_MS,
            "penchant_clicked": "click" in after,
            "penchant_carted": "cart_add" in after,
            "penchant_purchased": "purchase" in after,
            "penchant_value": 60.0 * after.count("purchase"),
        }


def test_what_is_not_known_is_not_said() -> None:
    """A time that is not over, or that the topic no longer holds, and shoppers who were erased; its end is named."""
    rows = [{"who": who, "at": at_ms} for who, at_ms in (("ada", 50), ("ada", 5), ("ada", 90), ("bob", 50))]
    known = Known(from_ms=10, until_ms=100, gone=frozenset({"bob"}))
    found = outcome(rows, [event(1, "ada", 51, "click"), event(2, "bob", 51, "click")], known)
    assert [row["penchant_clicked"] for row in found] == [True, None, None, None]
    assert [row["penchant_outcome_until"] for row in found] == [70, 25, 110, 70]
    assert all(set(row) == set(OUTCOME_COLUMNS) for row in found)


def test_one_product_counts_where_that_is_asked() -> None:
    """A row for each product that was shown."""
    rows = [{"who": "ada", "at": 1, "sku": sku} for sku in ("kettle", "teapot")]
    found = outcome(rows, [event(1, "ada", 2, "click"), event(2, "ada", 3, "purchase")], product="sku")
    assert [(row["penchant_clicked"], row["penchant_value"]) for row in found] == [(True, 60.0), (False, 0)]
