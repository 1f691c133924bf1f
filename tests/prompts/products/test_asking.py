"""What a model is asked of a product."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from prompts.guard import clean
from prompts.products.asking import PART_TOKENS, ProductPrompts
from prompts.tokens import estimate
from prompts.vocabulary import DEFAULT_VOCABULARY, parse_vocabulary
from streams.records.products import Product
from tests.prompts.shoppers import HOSTILE, texts

PROMPTS = ProductPrompts(DEFAULT_VOCABULARY)
FEW = 50


def shown(product: Product) -> list[str]:
    """The text of each part."""
    return [prompt.shown[1] for prompt in PROMPTS.prompts(product)]


@given(texts, texts, st.lists(texts, max_size=3))
def test_every_prompt_begins_alike_and_holds_one_product(title: str, description: str, reviews: list[str]) -> None:
    """Whatever sellers and shoppers wrote, it stays between its quotes: the prompt has the lines of one product."""
    for prompt in PROMPTS.prompts(Product("sku-1", title, description, tuple(reviews))):
        prefix, _, rest = prompt.text.rpartition("\nProduct\n")
        assert prefix == PROMPTS.prompts(Product("x", "x"))[0].text.rpartition("\nProduct\n")[0]
        assert [line.partition(":")[0] for line in rest.split("\n")] == ["Title", "Text", "Answer"]


@given(
    st.lists(st.sampled_from(["blue kettle", "It whistles.", "x" * 300, "größe", *HOSTILE]), min_size=1, max_size=40)
)
def test_a_long_text_is_cut_into_parts_and_nothing_is_lost(sentences: list[str]) -> None:
    """No part has more tokens than a part may; their letters are the text's, in its order."""
    text = " ".join(sentences * 20)
    parts = shown(Product("sku-1", "Kettle", text))
    assert all(estimate(part) <= PART_TOKENS for part in parts)
    assert "".join("".join(parts).split()) == "".join(clean(text, 1_000_000).split())
    assert len(parts) <= 2 * estimate(text) / PART_TOKENS + 1


def test_a_text_without_a_space_is_cut_too() -> None:
    """As a seller of nothing might write it."""
    parts = shown(Product("sku-1", "Kettle", "a" * 60_000))
    assert all(estimate(part) <= PART_TOKENS for part in parts)
    assert "".join(parts) == "a" * 60_000


def test_a_product_with_a_title_alone_has_one_prompt() -> None:
    """And so has one without any."""
    assert [len(PROMPTS.prompts(each)) for each in (Product("sku-1", "Kettle"), Product("sku-1"))] == [1, 1]


def test_the_price_is_not_asked_about() -> None:
    """Another price makes another card, and no other prompt."""
    product = Product("sku-1", "Kettle", "It whistles.", price=10.0)
    assert PROMPTS.prompts(product) == PROMPTS.prompts(replace(product, price=20.0))


def test_another_vocabulary_is_another_version() -> None:
    """Results name it, and kept answers are not taken for those of other words."""
    other = parse_vocabulary('[missions.grillen]\n[attributes]\nfarbe = ["rot"]')
    assert ProductPrompts(other).version != PROMPTS.version
    assert "grillen" in ProductPrompts(other).prompts(Product("sku-1"))[0].text
