"""Reasons: each is true of the intent, the session and the card that it rests on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.match.features import Wants
from agents.match.last import last_card
from agents.match.messages import messages
from agents.match.reasons import MOST, Reason, reasons
from prompts.view import PromptView
from streams.records.cards import Card, Property, Segment
from streams.records.intents import Attribute, Intent, Mission, Weighted
from streams.sessions.session import Session
from tests.agents.match.intents import KETTLE, SHOES, cards, intent, intents, of_session, products
from tests.prompts import shoppers

ENGLISH = messages("en")


def of(session: Session, product: str, card: Card) -> tuple[list[str], list[str]]:
    """What speaks for a product and against it, in words, by the rules' intent."""
    view = PromptView.of(session)
    found = reasons(Wants.of(of_session(session), last_card(view)), view, product, card)
    return [ENGLISH.text(each) for each in found.pro], [ENGLISH.text(each) for each in found.con]


def holds(reason: Reason, known: Intent, card: Card) -> bool:
    """Whether the claim is true, found out another way than the reasons do."""
    band, code = known.price_band, reason.code
    same = {each.name.strip().casefold() for each in known.brands}
    wanted = [each.name.casefold().split("/") for each in known.categories]
    path, brand = card.category.casefold().split("/"), card.brand.strip().casefold()
    if code.startswith("price-"):
        assert band is not None
        assert card.price is not None
        over, under = card.price - band.high, band.low - card.price
        told = {"price-within": over <= 0 and under <= 0, "price-above": over > 0, "price-below": under > 0}[code]
        figure = {"price-within": card.price, "price-above": over, "price-below": under}[code]
        return told and figure in reason.values.values()
    if code in {"brand", "brand-other"}:
        return (brand in same) == (code == "brand")
    if code in {"category", "category-near", "category-other"}:
        begins = any(each[0] == path[0] for each in wanted)
        return {"category": path in wanted, "category-near": begins, "category-other": not begins}[code]
    if code in {"attribute", "attribute-searched"}:
        values = {each.value.casefold() for each in card.attributes}
        return bool(values & {each.value.casefold() for each in known.attributes})
    if code == "mission":
        return known.mission.label in {each.mission for each in card.segments}
    kind, _, why = code.partition("-")
    return any(each.kind == kind and each.reason == why for each in known.avoid)


@given(intents, st.one_of(st.none(), shoppers.sessions(8)), products, cards)
def test_every_reason_is_true(known: Intent, session: Session | None, product: str, card: Card) -> None:
    """And rests on events of the session; at most three on each side, one line each, without links."""
    view = PromptView.of(session) if session else None
    found = reasons(Wants.of(known, last_card(view) if view else None), view, product, card)
    window = {entry.event_id for entry in view.entries} if view else set()
    assert max(len(found.pro), len(found.con)) <= MOST
    for each in (*found.pro, *found.con):
        assert holds(each, known, card)
        assert set(each.events) <= window
        assert len(ENGLISH.text(each).splitlines()) == 1
        assert "://" not in ENGLISH.text(each)


def test_reasons_in_words() -> None:
    """Range, brand, kind and a removal, as people read them."""
    session = shoppers.shopper(
        ("search", "kettle blue"), ("view", shoppers.KETTLE), ("cart_add", shoppers.KETTLE),
        ("cart_remove", shoppers.KETTLE),
    )  # fmt: skip
    pro, con = of(session, "sku-1", KETTLE)
    assert pro[0].startswith("89 EUR, within your range")
    assert "Fernhill, a brand that you look at" in pro
    assert con == ["You removed this from your cart before"]
    _, other = of(session, "sku-5", SHOES.model_copy(update={"price": 400.0}))
    assert other[0].endswith("EUR above your range")
    assert other[1:] == ["shoes, which you have not looked at", "Ridge, while you mostly look at Fernhill"]


def test_an_attribute_that_was_searched_for_says_so() -> None:
    """With the search's event; one that only a title tells says less."""
    blue = Card(attributes=(Property(name="color", value="Blue"),), segments=(Segment(mission="gift"),))
    known = intent(mission=Mission(label="gift"), attributes=(Attribute(name="color", value="blue", weight=1.0),))
    view = PromptView.of(shoppers.shopper(("view", shoppers.TOASTER), ("search", "blue kettle")))
    searched = reasons(Wants.of(known), view, "sku-1", blue).pro
    assert [(each.code, each.events) for each in searched] == [("attribute-searched", ("event-1",)), ("mission", ())]
    assert ENGLISH.text(searched[0]) == "Blue, as you searched"
    assert reasons(Wants.of(known), None, "sku-1", blue).pro[0].code == "attribute"


@pytest.mark.parametrize("brand", ["See https://evil.example/x now", "a@b.example Fern", "Fern\nhill", "{price}{0}"])
def test_a_hostile_name_stays_a_name(brand: str) -> None:
    """Links and contacts go, and braces fill nothing."""
    known = intent(brands=(Weighted(name=brand, weight=1.0),))
    [reason] = reasons(Wants.of(known), None, "sku-1", Card(brand=brand)).pro
    text = ENGLISH.text(reason)
    assert "\n" not in text
    assert "://" not in text
    assert "@" not in text
