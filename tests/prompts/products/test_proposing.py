"""What a catalogue proposes for a vocabulary: only what its texts have, nothing of persons, nothing that is known."""

from hypothesis import given
from hypothesis import strategies as st

from prompts.products.proposing import QUOTES, Candidate, Proposal, of_a_person, proposal
from prompts.vocabulary import Vocabulary, parse_vocabulary
from streams.records.products import Product

VOCABULARY = parse_vocabulary('[missions.gift]\n[attributes]\ncolor = ["blue"]\nmaterial = []\naudience = []\n')


def products(*texts: str) -> list[Product]:
    """One for each text."""
    return [Product(f"sku-{at}", text) for at, text in enumerate(texts)]


def proposed(*texts: str, least: int = 2, vocabulary: Vocabulary = VOCABULARY) -> Proposal:
    """Of these titles."""
    return proposal(products(*texts), vocabulary, least, 50)


def test_a_named_value_has_its_attribute_count_and_quotes() -> None:
    """`Color: teal` in three products of four; a value that the vocabulary has is not proposed."""
    found = proposed("Shirt. Color: Teal; Fit: slim", "Color: teal", "Hat, color = teal, big", "Color: blue")
    first = found.values[0]
    assert (first.attribute, first.value, first.products) == ("color", "teal", 3)
    assert first.quotes == ("Color: Teal; Fit: slim", "Color: teal", "color = teal, big") or len(first.quotes) == QUOTES
    assert all("teal" in quote.casefold() for quote in first.quotes)
    assert "blue" not in [each.value for each in found.values]


def test_a_value_ends_where_the_next_name_begins() -> None:
    """Also where a seller put nothing between them."""
    found = proposed(*["Color: Sea Green Material: Oak"] * 3)
    assert {(each.attribute, each.value) for each in found.values} == {("color", "sea green"), ("material", "oak")}


def test_frequent_words_have_no_attribute_until_somebody_names_it() -> None:
    """Those of brands, of categories (also in the singular) and half the catalogue are no candidates."""
    rows = [Product(f"sku-{at}", f"kettle {word}", brand="Tarn", category="home/kettles") for at, word in
            enumerate(["quiet", "quiet", "Tarn", "Tarn", "red", "x", "y", "z", "v", "w"])]  # fmt: skip
    found = proposal(rows, VOCABULARY, 2, 50)
    assert [(each.attribute, each.value, each.products) for each in found.values] == [("", "quiet", 2)]


def test_names_that_are_no_attributes_are_told_apart() -> None:
    """With counts, for a person who may make one an attribute."""
    found = proposed("Sleeve: long", "Sleeve: short")
    assert [(each.attribute, each.value, each.products) for each in found.names] == [("sleeve", "", 2)]


def test_nothing_of_persons_is_proposed() -> None:
    """Neither traits nor whom a product is for; black is a color first."""
    texts = ["Color: black. Audience: kids. muslim pregnant women"] * 3
    assert {each.value for each in proposed(*texts).values} == {"black"}
    assert of_a_person("audience", "runners")
    assert of_a_person("color", "jewish")
    assert not of_a_person("color", "black")


def test_reviews_propose_nothing() -> None:
    """They are of people."""
    rows = [Product(f"sku-{at}", "Kettle", reviews=("my wonderful color: mauve",)) for at in range(9)]
    assert "mauve" not in {each.value for each in proposal(rows, VOCABULARY, 2, 50).values}


@given(st.lists(st.text(st.sampled_from("ab :=-,.é\U0001f600\n\"'()[]#\\T"), max_size=40), max_size=8))
def test_every_candidate_stands_in_its_quotes(texts: list[str]) -> None:
    """Whatever the texts are: counted at least so often, with a quote that has it."""
    found = proposed(*(text or "x" for text in texts))
    for each in (*found.values, *found.names):
        assert isinstance(each, Candidate)
        assert each.products >= 2
        assert 1 <= len(each.quotes) <= QUOTES
        assert all((each.value or each.attribute) in quote.casefold() for quote in each.quotes)
