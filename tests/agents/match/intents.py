"""Intents and cards for the tests of matches: told in a few words, or drawn at random with hostile names."""

from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from prompts.rules import rules
from prompts.view import PromptView
from streams.records.cards import Card, Property, Segment
from streams.records.intents import Attribute, Avoid, Intent, Mission, PriceBand, Weighted, Window
from streams.sessions.session import Session
from tests.prompts.shoppers import HOSTILE

KETTLE = Card(category="home/kitchen/kettles", brand="Fernhill", price=89.0, currency="EUR")
TOASTER = Card(category="home/kitchen/toasters", brand="Tarn", price=45.0, currency="EUR")
SHOES = Card(category="sport/shoes", brand="Ridge", price=120.0, currency="EUR")


def intent(**said: Any) -> Intent:
    """An intent that says this, and nothing else."""
    known = {"mission": Mission(label="other"), "stage": "explore", **said}
    return Intent(
        **known, shopper="ada", window=Window(from_ms=0, to_ms=0, events=1), as_of_ms=0, written_at_ms=0,
        source="rules", position="0:0:0",
    )  # fmt: skip


def of_session(session: Session) -> Intent:
    """The rules' own."""
    return intent(**structs.asdict(rules(PromptView.of(session))))


categories = st.sampled_from(
    ["", "home", "home/kitchen", "home/kitchen/kettles", "Home/Kitchen/Kettles", "sport/shoes"]
)
brands = st.sampled_from(["", "Fernhill", "fernhill ", "Tarn", "Ridge", *(text[:60] for text in HOSTILE)])
prices = st.one_of(st.none(), st.floats(0.01, 1e6))
currencies = st.sampled_from(["", "EUR", "USD"])
properties = st.builds(Property, name=st.just("color"), value=st.sampled_from(["blue", "Blue", "red", HOSTILE[0][:40]]))
cards = st.builds(
    Card,
    category=categories,
    brand=brands,
    price=prices,
    currency=currencies,
    attributes=st.lists(properties, max_size=3).map(tuple),
    segments=st.lists(st.builds(Segment, mission=st.sampled_from(["gift", "restock"])), max_size=2).map(tuple),
)
products = st.sampled_from(["sku-1", "sku-2", "sku-3", "sku-4"])
shares = st.floats(0, 1)


def _weighted(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Weighted, ...]]:
    kept = names.filter(str.strip)
    one = st.builds(Weighted, name=kept, weight=shares)
    return st.lists(one, max_size=4, unique_by=lambda each: each.name.strip().casefold()).map(tuple)


def _band(low: float, high: float, currency: str) -> PriceBand:
    return PriceBand(low=min(low, high), high=max(low, high), currency=currency)


bands = st.builds(_band, st.floats(0, 1e5), st.floats(0.01, 1e5), currencies)
avoids = st.one_of(
    st.builds(Avoid, kind=st.just("item"), value=products, reason=st.sampled_from(["removed", "returned"])),
    st.builds(Avoid, kind=st.just("brand"), value=brands.filter(str.strip), reason=st.just("seen-not-clicked")),
    st.builds(Avoid, kind=st.just("category"), value=categories.filter(bool), reason=st.just("removed")),
)
intents = st.builds(
    intent,
    mission=st.builds(Mission, label=st.sampled_from(["gift", "other"])),
    categories=_weighted(categories),
    brands=_weighted(brands),
    price_band=st.one_of(st.none(), bands),
    attributes=st.lists(
        st.builds(Attribute, name=st.just("color"), value=st.sampled_from(["blue", "red"]), weight=shares), max_size=2
    ).map(tuple),
    avoid=st.lists(avoids, max_size=3).map(tuple),
)
