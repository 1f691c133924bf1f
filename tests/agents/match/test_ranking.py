"""The order of candidates: it always answers, and what it says is right."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from agents.match.ranking import Order, Shopper, ranking
from prompts.view import PromptView
from streams.records.cards import Card
from streams.records.intents import Avoid, Intent, Weighted
from streams.sessions.session import Session
from tests.agents.match.intents import KETTLE, SHOES, TOASTER, cards, intent, intents, of_session
from tests.prompts import shoppers

ORDERS: Sequence[Order] = ("last", "intent")
KNOWN = {"kettle": KETTLE, "toaster": TOASTER, "shoes": SHOES}


def names(shopper: Shopper, order: Order, *candidates: str) -> list[str]:
    """The candidates in their order."""
    return [each.product for each in ranking(shopper, candidates, KNOWN, order)]


def looked_at(*events: tuple[str, object]) -> Shopper:
    """A shopper who did this, with the rules' intent."""
    session: Session = shoppers.shopper(*events)  # type: ignore[arg-type]
    return Shopper(of_session(session), PromptView.of(session))


@given(
    st.one_of(st.none(), intents),
    st.one_of(st.none(), shoppers.sessions(8)),
    st.dictionaries(st.sampled_from(["sku-1", "sku-2", "sku-3"]), cards),
    st.sampled_from(ORDERS),
)
def test_every_candidate_is_answered(
    known: Intent | None, session: Session | None, known_cards: dict[str, Card], order: Order
) -> None:
    """Once, whatever is known of shopper and products, with scores that never rise."""
    shopper = Shopper(known, PromptView.of(session) if session else None)
    ranked = ranking(shopper, ["sku-1", "sku-2", "sku-3"], known_cards, order)
    assert sorted(each.product for each in ranked) == ["sku-1", "sku-2", "sku-3"]
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert {each.product for each in ranked if each.known} == set(known_cards)


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_like_the_last_product_comes_first(order: Order) -> None:
    """Of the same kind before one from the same part of the shop, and that before another part."""
    shopper = looked_at(("view", shoppers.SHOES), ("view", shoppers.KETTLE))
    assert names(shopper, order, "shoes", "toaster", "kettle") == ["kettle", "toaster", "shoes"]


@pytest.mark.parametrize("order", ORDERS)
def test_what_was_sent_back_comes_last(order: Order) -> None:
    """However well it fits otherwise."""
    shopper = looked_at(("view", shoppers.KETTLE))
    assert shopper.intent is not None
    sent_back = structs.replace(shopper.intent, avoid=(Avoid(kind="item", value="kettle", reason="removed"),))
    assert names(Shopper(sent_back, shopper.view), order, "kettle", "shoes", "bare") == ["shoes", "bare", "kettle"]


def test_of_nobody_known_the_order_given_stands() -> None:
    """A ranker has put it there for reasons of its own."""
    assert names(Shopper(), "last", "shoes", "kettle", "toaster") == ["shoes", "kettle", "toaster"]


def test_without_a_session_the_intent_decides() -> None:
    """The session may be gone before the intent."""
    known = intent(categories=(Weighted(name="sport/shoes", weight=1.0),))
    assert names(Shopper(known), "last", "kettle", "shoes") == ["shoes", "kettle"]
