"""Features of a card and an intent."""

import pytest
from hypothesis import given
from penchant_reader import ALL, Candidate
from penchant_reader import features as reader_features
from penchant_reader.decoding import decode
from penchant_reader.intent import ignore

from agents.match.features import Wants, features
from storage.intents import hot_fields
from streams.records.cards import Card
from streams.records.intents import Intent
from tests.agents.match.intents import cards, intents, products


@given(intents, cards, products)
def test_a_feature_is_between_0_and_1(intent: Intent, card: Card, product: str) -> None:
    """Of any intent, card and last product."""
    found = features(Wants.of(intent, card), product, card)
    assert all(0 <= value <= 1 + 1e-9 for value in found)


@given(intents, cards, products)
def test_a_ranker_that_reads_intents_computes_the_same(intent: Intent, card: Card, product: str) -> None:
    """Category, brand, price and what to avoid are as the reader's `fit` has them, where prices have one currency."""
    if intent.price_band is not None:
        card = card.model_copy(update={"currency": intent.price_band.currency})
    held = {**hot_fields(intent), "position": intent.position, "doc": intent.dump().decode()}
    read = decode("ada", [held[name].encode() if name in held else None for name in ALL], 0, ignore)
    ours = features(Wants.of(intent), product, card)
    theirs = reader_features(read, Candidate(product, card.category, card.brand, card.price))
    assert ours.category == pytest.approx(theirs.category)
    assert ours.brand == pytest.approx(theirs.brand)
    assert ours.price == pytest.approx(theirs.price)
    assert ours.avoid == pytest.approx(max(theirs.avoid_item, theirs.avoid_category, theirs.avoid_brand))


@given(cards, products)
def test_without_an_intent_and_a_last_product_nothing_fits(card: Card, product: str) -> None:
    """All features are 0."""
    assert not any(features(Wants.of(None), product, card))
