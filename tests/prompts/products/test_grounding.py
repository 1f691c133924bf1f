"""What may stand of an answer on a product: a closed world, whatever sellers write and models say."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.products.asking import ProductPrompts, words
from prompts.products.cards import code, understood
from prompts.products.grounding import OF_PERSONS, ground_product, parse_product
from prompts.products.traits import TRAITS, names_a_trait
from prompts.tokens import estimate
from prompts.vocabulary import DEFAULT_VOCABULARY
from streams.errors import AnswerRefused
from streams.records.cards import LONGEST_CODE, MOST_TOKENS
from streams.records.products import Product, Understood
from tests.agents.match.intents import cards
from tests.injection.instructions import ENCODINGS, OWN
from tests.prompts.shoppers import HOSTILE

PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)
TEXT = "Quiet kettle, blue, of steel. A gift for tea lovers; safe for babies and diabetic patients."
WORDS = ["blue", "steel", "of steel", "Quiet kettle", "A gift for tea", "babies", "diabetic", "red", "", *HOSTILE]
said = st.sampled_from(WORDS)
names = st.sampled_from(["color", "material", "audience", "price", ""])
missions = st.sampled_from(["gift", "restock", "other", "win-an-election", ""])
answers = st.fixed_dictionaries({
    "a": st.lists(st.tuples(names, said, said), max_size=6),
    "s": st.lists(st.tuples(missions, st.sampled_from(["decide", "never", ""]), names, said), max_size=6),
})  # fmt: skip


def found(text: str, answer: dict[str, Any] | str, title: str = "Kettle") -> Understood:
    """What becomes of a product whose model answers so."""
    product = Product("sku-1", title, text, category="home/kettles", brand="Fernhill", price=10.0, currency="EUR")
    [prompt] = PROMPTS.prompts(product)
    read = parse_product(answer if isinstance(answer, str) else json.dumps(answer))
    return understood(product, [ground_product(read, prompt, DEFAULT_VOCABULARY)])


def closed(known: Understood, text: str) -> bool:
    """Whether all that is said stands in the text, in the shop's words, and no segment says who somebody is."""
    facts = {fact.property for fact in known.facts}
    quotes = [*(each.quote for each in known.facts), *(each.quote for each in known.interests)]
    quoted = all(quote and quote in text for quote in quotes)
    valued = all(words([fact.property.value]) <= words([fact.quote]) for fact in known.facts)
    named = all(fact.property.name in DEFAULT_VOCABULARY.attributes for fact in known.facts)
    needs = all(each.segment.mission in DEFAULT_VOCABULARY.missions for each in known.interests)
    attributes = [each.segment.attribute for each in known.interests if each.segment.attribute]
    traits = any(names_a_trait(each.quote) for each in known.interests)
    persons = any(each.name in OF_PERSONS for each in attributes)
    return quoted and valued and named and needs and facts.issuperset(attributes) and not traits and not persons


@given(answers)
def test_a_fact_whose_quote_is_not_in_the_text_is_dropped(answer: dict[str, Any]) -> None:
    """So is what no vocabulary has, a value that its quote does not have, and a need that says who somebody is."""
    assert closed(found(TEXT, answer), f"Kettle {TEXT}")


def test_what_the_text_bears_out_stands() -> None:
    """With its quotes, on the card and in the line."""
    answer = {
        "a": [["color", "Blue", "kettle, blue"], ["material", "steel", "blue, of steel"], ["color", "red", "blue"]],
        "s": [["gift", "decide", "material", "A gift for tea lovers"], ["gift", "decide", "", "safe for babies"]],
    }
    known = found(TEXT, answer)
    assert [(each.property.name, each.property.value) for each in known.facts] == [
        ("color", "blue"),
        ("material", "steel"),
    ]
    [need] = known.interests
    assert (need.segment.mission, need.segment.stage, need.quote) == ("gift", "decide", "A gift for tea lovers")
    assert known.removed == ("value", "trait")
    assert known.card.code == "kettles Fernhill 10 EUR blue steel"
    assert known.line == "color blue, material steel, for gift"


@pytest.mark.parametrize("kind", TRAITS)
def test_no_segment_says_who_somebody_is(kind: str) -> None:
    """Health, faith, origin, sexuality, age and family: no word of them, in the quote or in the attribute's value."""
    for word in TRAITS[kind]:
        text = f"Good for {word} people. Kettle in {word}."
        answer = {
            "a": [["use", word, f"in {word}"]],
            "s": [["gift", "", "", f"Good for {word}"], ["gift", "", "use", "Kettle in"]],
        }
        known = found(text, answer)
        assert not known.interests
        assert known.removed[-2:] == ("trait", "trait") or known.removed[-1] == "attribute"


def obeyed(read: str) -> list[str]:
    """Answers of models that say what they read, wherever an answer has text, or write it out as it is."""
    everywhere = {
        "a": [[read, read, read], ["color", read, read]],
        "s": [[read, read, read, read], ["gift", "", "", read]],
    }
    return [json.dumps(everywhere), read]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("instruction", OWN)
def test_a_hostile_description_changes_no_code_field(instruction: str, encoding: str) -> None:
    """Category, brand, price and currency are the row's, names are the vocabulary's, and all else is quoted."""
    hostile = ENCODINGS[encoding](instruction)
    product = Product("sku-1", "Kettle", f"Quiet. {hostile}", (), "home/kettles", "Fernhill", 10.0, "EUR")
    for prompt in PROMPTS.prompts(product):
        for answer in obeyed(prompt.shown[1]):
            try:
                read = parse_product(answer)
            except AnswerRefused:
                continue
            known = understood(product, [ground_product(read, prompt, DEFAULT_VOCABULARY)])
            card = known.card
            assert (card.category, card.brand, card.price, card.currency) == ("home/kettles", "Fernhill", 10.0, "EUR")
            assert closed(known, f"Kettle {prompt.shown[1]}")


@pytest.mark.parametrize(
    "text", ["", "no", "{", '{"m":"gift"}', '{"a":1}', '{"a":[["color","blue"]]}', "<think>hm", '{"a":' * 2_000]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    """With a reason of one word."""
    with pytest.raises(AnswerRefused) as refused:
        parse_product(text)
    assert refused.value.reason in {"no-json", "shape"}


def test_the_last_answer_counts() -> None:
    """Those before it are drafts, and thoughts are passed over."""
    assert parse_product('<think>{"a":[]}</think>{"a":[]} no: {"a":[["color","blue","blue"]],"s":[]}').facts
    assert not parse_product('{"s": [], "a": [], "x": {"a": 1}}').facts


@given(cards)
def test_a_code_has_at_most_twelve_tokens(card: Any) -> None:
    """Whatever the names are: twenty of them stand in one prompt."""
    assert estimate(code(card)) <= MOST_TOKENS
    assert len(code(card)) <= LONGEST_CODE


def test_what_most_parts_say_comes_first() -> None:
    """Each fact once, with how many parts say it."""
    product = Product("sku-1", "Kettle", "")
    [prompt] = PROMPTS.prompts(Product("sku-1", "Kettle", "Blue. Of steel."))
    one = ground_product(parse_product('{"a":[["color","blue","Blue"]]}'), prompt, DEFAULT_VOCABULARY)
    two = ground_product(
        parse_product('{"a":[["material","steel","Of steel"],["color","blue","Blue"]]}'), prompt, DEFAULT_VOCABULARY
    )
    known = understood(product, [two, one])
    assert [(fact.property.value, fact.parts) for fact in known.facts] == [("blue", 2), ("steel", 1)]
