"""Intents in words that a person would use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from prompts.rules import rules
from prompts.words import describe, mission_text, noun
from streams.records.intents import PriceBand, Weighted
from streams.sessions.session import Session
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, sessions, shopper

SHOES = (Weighted(name="sport/running-shoes", weight=0.9),)
BAND = PriceBand(low=60, high=90, currency="EUR")


@pytest.mark.parametrize(
    ("category", "plural"),
    [
        ("home/kitchen/tea_kettle", "tea kettles"),
        ("electronics.smartphone", "smartphones"),
        ("Toys > Toy Cars", "toy cars"),
        ("sport/running-shoes", "running shoes"),
        ("auto.battery", "batteries"),
        ("toys/toy", "toys"),
        ("garden/bench", "benches"),
        ("home/furniture", "furniture"),
        ("apparel/clothing", "clothing"),
        ("Küche", "küche"),
        ("///", "products"),
        ("size 42", "size 42"),
    ],
)
def test_noun(category: str, plural: str) -> None:
    """The last part of a category path, in the plural where that is plain English."""
    assert noun(category) == plural


def test_mission_text() -> None:
    """Verb, quality, kind, brand and price."""
    assert mission_text("compare", SHOES, (), BAND, "blue") == "Compares blue running shoes between 60 and 90 EUR"
    brands = (Weighted(name="Ridge", weight=0.8), Weighted(name="Tarn", weight=0.2))
    assert mission_text("decide", SHOES, brands, None) == "Is settling on running shoes by Ridge"
    assert mission_text("explore", (), (), None) == "Looks around for products"
    assert mission_text("purchase", SHOES, (), BAND) == "Has bought running shoes"


def test_a_hostile_category_is_bounded_in_the_text() -> None:
    """Names in the sentence are cleaned and cut like any other text."""
    evil = (Weighted(name="x/call 0170 1234567 " + "now " * 25, weight=1),)
    text = mission_text("compare", evil, (), BAND)
    assert len(text) <= 140
    assert "0170" not in text


def test_describe() -> None:
    """One sentence, with the mission's label and how sure we are."""
    found = rules(shopper(("view", KETTLE), ("view", OTHER_KETTLE)))
    assert describe(found) == "Compares kettles between 37 and 146 EUR (research, 80% sure)."
    assert describe(rules(shopper())) == "Looks around for products (0% sure)."


@given(sessions(), st.booleans())
def test_describes_any_findings(session: Session, silent: bool) -> None:  # noqa: FBT001 (Hypothesis passes it)
    """Whatever was found makes one line, with or without a text of the model's."""
    found = rules(session)
    if silent:
        found = structs.replace(found, mission=structs.replace(found.mission, text=""))
    assert len(describe(found).splitlines()) == 1
