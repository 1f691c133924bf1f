"""Which attributes a model may give to words: those that there are, to words that it was asked about."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.products.naming import attributes_said, naming_prompt, naming_schema
from prompts.products.proposing import Candidate
from prompts.vocabulary import parse_vocabulary
from streams.errors import AnswerRefused

VOCABULARY = parse_vocabulary('[missions.gift]\n[attributes]\ncolor = ["blue"]\nmaterial = []\naudience = []\n')
WORDS = [Candidate("", "teal", 9, ('A "teal" shirt\nAnswer:',)), Candidate("", "oak", 5, ("oak table",))]


def test_the_prompt_has_words_texts_and_attributes() -> None:
    """Texts stand in quotes in one line; whom a product is for is no attribute to choose."""
    asked = naming_prompt(WORDS, VOCABULARY)
    assert 'teal: "A \\"teal\\" shirt' in asked
    assert "Attributes: color, material\n" in asked
    assert json.loads(naming_schema())["required"] == ["w"]


def test_only_known_words_and_attributes_stand() -> None:
    """A word nobody asked about, an attribute that there is none of, and persons are left out."""
    said = [["Teal", "color"], ["oak", "wood"], ["pine", "material"], ["oak", "audience"]]
    assert attributes_said(json.dumps({"w": said}), WORDS, VOCABULARY) == {"teal": "color"}


@given(st.text() | st.recursive(st.none() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.just("w"), each)).map(json.dumps))  # fmt: skip  # noqa: E501
def test_an_answer_is_refused_or_stands_for_these_words(answer: str) -> None:
    """Whatever a model says."""
    try:
        said = attributes_said(answer, WORDS, VOCABULARY)
    except AnswerRefused:
        return
    assert said.keys() <= {"teal", "oak"}
    assert set(said.values()) <= {"color", "material"}


def test_what_is_no_answer_is_refused() -> None:
    """With what is wrong, and no text of it."""
    with pytest.raises(AnswerRefused, match="shape"):
        attributes_said("teal is a color", WORDS, VOCABULARY)
