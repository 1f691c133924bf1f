"""Whom a product interests: by category and need, each shopper once, and small counts are not told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.match.audience import FEWEST, Audience, counted, has_need
from streams.records.cards import Card, Property, Segment
from streams.records.intents import Attribute, Avoid, Intent, Mission, Weighted
from tests.agents.match.intents import KETTLE, cards, intent, intents

GIFT = Segment(mission="gift")
BLUE_GIFT = Segment(mission="gift", stage="compare", attribute=Property(name="color", value="Blue"))
CARD = KETTLE.model_copy(update={"segments": (GIFT, BLUE_GIFT)})


def wanting(category: str, shopper: str = "ada", **said: object) -> Intent:
    """An intent with this category."""
    return structs.replace(intent(categories=(Weighted(name=category, weight=1.0),), **said), shopper=shopper)


@pytest.mark.parametrize(
    ("category", "interested"),
    [
        ("home/kitchen/kettles", True),
        ("Home/Kitchen/Kettles ", True),
        ("home/kitchen/kettles/electric", True),
        ("home/kitchen", False),
        ("home/kitchen/kettles-and-more", False),
        ("home/kitchen/toasters", False),
    ],
)
def test_the_category_or_one_within_it_is_interest(category: str, interested: bool) -> None:  # noqa: FBT001
    """Whatever the case of its letters; the branch above is too wide."""
    found = Audience("sku-1", CARD)
    found.look(wanting(category))
    assert bool(found.shoppers) == interested


@pytest.mark.parametrize(
    "avoid",
    [
        Avoid(kind="item", value="sku-1", reason="returned"),
        Avoid(kind="brand", value="fernhill", reason="removed"),
        Avoid(kind="category", value="home", reason="seen-not-clicked"),
    ],
)
def test_what_is_avoided_interests_nobody(avoid: Avoid) -> None:
    """The product itself, its brand, or a branch that it lies in."""
    found = Audience("sku-1", CARD)
    found.look(wanting("home/kitchen/kettles", avoid=(avoid,)))
    assert not found.shoppers


def test_needs_are_counted_of_those_whom_it_interests() -> None:
    """By mission, and by stage and property where the segment has them; a shopper counts once."""
    found, gift = Audience("sku-1", CARD), Mission(label="gift")
    blue = (Attribute(name="color", value="blue", weight=0.2),)
    said: dict[str, dict[str, Any]] = {
        "a": {"mission": gift, "stage": "compare", "attributes": blue},
        "b": {"mission": gift, "stage": "explore", "attributes": blue},
        "c": {"mission": gift, "stage": "compare"},
        "d": {"stage": "compare", "attributes": blue},
    }
    for shopper, more in said.items():
        for _ in range(2):
            found.look(wanting("home/kitchen/kettles", shopper, **more))
    found.look(wanting("sport/shoes", "e", mission=gift))
    assert (len(found.shoppers), found.segments) == (4, {GIFT: 3, BLUE_GIFT: 1})


@pytest.mark.parametrize(
    ("purposes", "agreed"),
    [(None, []), ((), []), (("personalisation",), []), (("advertising", "personalisation"), ["ada"])],
)
def test_who_said_nothing_did_not_agree(purposes: tuple[str, ...] | None, agreed: list[str]) -> None:
    """To advertising."""
    found = Audience("sku-1", CARD)
    found.look(structs.replace(wanting("home/kitchen/kettles"), purposes=purposes))
    assert (len(found.shoppers), found.agreed) == (1, agreed)


@given(st.integers(0, 200))
def test_small_counts_are_not_told(number: int) -> None:
    """Nor is 0, which says as much of the few."""
    assert counted(number) == (number if number >= FEWEST else None)


@given(cards, st.lists(intents, max_size=5))
def test_no_need_has_more_shoppers_than_the_product(card: Card, some: list[Intent]) -> None:
    """And whoever is counted has it, whatever names are in intents and cards."""
    found = Audience("sku-1", card)
    for at, each in enumerate(some):
        found.look(structs.replace(each, shopper=f"s-{at}"))
    interested = [each for at, each in enumerate(some) if f"s-{at}" in found.shoppers]
    assert found.segments == {segment: sum(has_need(each, segment) for each in interested) for segment in card.segments}
    assert card.category.strip() or not interested
