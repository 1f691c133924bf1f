"""Features: bounded, deterministic, and what their names say."""

import json
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant_reader import Candidate, Features, ReadIntent, features
from penchant_reader.intent import SCHEMA

DOC = {
    "categories": [{"name": "home/kitchen/kettles", "weight": 0.6}, {"name": "home/garden", "weight": 0.4}],
    "brands": [{"name": "Hario", "weight": 0.7}, {"name": "Stagg", "weight": 0.3}],
    "avoid": [
        {"kind": "item", "value": "p7", "reason": "removed"},
        {"kind": "category", "value": "home/kitchen/mugs", "reason": "seen-not-clicked"},
        {"kind": "brand", "value": "Noname", "reason": "returned"},
    ],
}
INTENT = ReadIntent(
    "ada", missing=False, schema=SCHEMA, source="model", as_of_ms=0, read_at_ms=600_000, stage="decide",
    category="home/kitchen/kettles", brand="Hario", confidence=0.8, price_low=20.0, price_high=60.0,
    _doc=json.dumps(DOC).encode(),
)  # fmt: skip


def fit(item: str = "p1", category: str = "", brand: str = "", price: float | None = None) -> Features:
    """The features of a candidate."""
    return features(INTENT, Candidate(item, category, brand, price))


def test_what_fits_best() -> None:
    """The item that was looked for."""
    assert fit("p1", "home/kitchen/kettles", "Hario", 40.0) == Features(
        known=1, category=0.6, category_leads=1, brand=0.7, brand_leads=1, price=1, price_place=0.5, price_known=1,
        stage=0.5, confidence=0.8, freshness=0.5,
    )  # fmt: skip


def test_without_an_intent_all_are_zero() -> None:
    """Missing and failed alike: a ranker goes on without."""
    for intent in (ReadIntent("ada"), ReadIntent("ada", failed=True)):
        assert features(intent, Candidate("p1", "home", "Hario", 40.0)) == (0.0,) * len(Features._fields)


@pytest.mark.parametrize(
    ("category", "weighed", "leads"),
    [
        ("home/kitchen/kettles", 0.6, 1),
        ("home/kitchen/mugs", 0.4, 2 / 3),
        ("home/kitchen", 0.4, 2 / 3),
        ("home/garden", 0.4, 1 / 3),
        ("home/garden/hoses", 0.4 * 2 / 3, 1 / 3),
        ("Home/Kitchen/KETTLES", 0.6, 1),
        ("toys/kettles", 0, 0),
        ("", 0, 0),
    ],
)
def test_categories_fit_as_far_as_their_paths_do(category: str, weighed: float, leads: float) -> None:
    """From the broadest part on; the best of the wanted ones counts."""
    found = fit(category=category)
    assert (found.category, found.category_leads) == pytest.approx((weighed, leads))


@pytest.mark.parametrize(
    ("price", "fits", "place"), [(10.0, 0.5, 0), (20.0, 1, 0), (30.0, 1, 0.25), (60.0, 1, 1), (120.0, 0.5, 1)]
)
def test_prices_fit_within_the_range_and_less_outside(price: float, fits: float, place: float) -> None:
    """By their ratio to the nearer end."""
    found = fit(price=price)
    assert (found.price, found.price_place, found.price_known) == (fits, place, 1)


@pytest.mark.parametrize("price", [None, 0.0, -1.0])
def test_a_price_that_is_not_known_is_told(price: float | None) -> None:
    """It is not a bad fit."""
    assert fit(price=price).price_known == 0
    no_range = replace(INTENT, price_low=None, price_high=None)
    assert features(no_range, Candidate("p1", price=30.0)).price_known == 0


def test_what_to_avoid() -> None:
    """The item, its category or one above it, its brand; less so what was only passed over."""
    assert fit("p7").avoid_item == 1
    assert fit("p8").avoid_item == 0
    assert fit(category="home/kitchen/mugs/small").avoid_category == 0.5
    assert fit(category="home/kitchen").avoid_category == 0
    assert fit(brand="NONAME").avoid_brand == 1


def test_an_intent_grows_old() -> None:
    """Half of its freshness every ten minutes, and never more than whole, whatever the clocks say."""
    ages_ms = [-5_000, 0, 600_000, 1_200_000]
    intents = [replace(INTENT, read_at_ms=age_ms) for age_ms in ages_ms]
    assert [features(each, Candidate("p1")).freshness for each in intents] == [1, 1, 0.5, 0.25]


def test_a_document_that_is_none_costs_its_own_features_only() -> None:
    """The hot fields still count, and the reader hears of it once."""
    heard: list[Exception] = []
    for doc in (b"{", b'{"categories": [1]}', b'{"brands": 3}'):
        intent = replace(INTENT, _doc=doc, _fail=heard.append)
        for _ in range(2):
            found = features(intent, Candidate("p1", "home/kitchen/kettles", "Hario", 40.0))
            assert (found.category, found.category_leads, found.brand_leads, found.price) == (0, 1, 1, 1)
    assert len(heard) == 3


def test_every_feature_is_documented() -> None:
    """In the reader's page, by its name."""
    page = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    assert [name for name in Features._fields if f"`{name}`" not in page] == []


NAMES = st.text(string.ascii_letters + "/ é", max_size=12)
SHARES = st.floats(0, 1)
WEIGHTED = st.lists(st.fixed_dictionaries({"name": NAMES, "weight": SHARES}), max_size=4)
PRICES = st.none() | st.floats(-10, 1e9)


@given(
    categories=WEIGHTED, brands=WEIGHTED, leading=NAMES, stage=st.sampled_from(["explore", "cart", "later", ""]),
    low=st.none() | st.floats(0, 1e6), width=st.floats(0, 1e6), age_ms=st.integers(-(10**6), 10**12), confidence=SHARES,
    candidate=st.builds(Candidate, NAMES, NAMES, NAMES, PRICES),
)  # fmt: skip
def test_features_are_within_their_range_and_repeat(
    categories: list[dict[str, object]], brands: list[dict[str, object]], leading: str, stage: str, low: float | None,
    width: float, age_ms: int, confidence: float, candidate: Candidate,
) -> None:  # fmt: skip
    """Whatever the intent and the item: between 0 and 1, and the same again from a copy."""
    doc = json.dumps({"categories": categories, "brands": brands}).encode()
    intent = replace(
        INTENT, category=leading, stage=stage, price_low=low, price_high=None if low is None else low + width,
        read_at_ms=age_ms, confidence=confidence, _doc=doc,
    )  # fmt: skip
    found = features(intent, candidate)
    assert all(0 <= value <= 1 and isinstance(value, float) for value in found)
    assert features(replace(intent), candidate) == found
