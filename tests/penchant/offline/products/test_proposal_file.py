"""A proposal as a file, and what of it may be merged into a vocabulary."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.products.proposal_file import accepted, merged, proposal_text
from prompts.products.proposing import Candidate, Proposal
from prompts.vocabulary import MOST_VALUES, packaged_text, parse_vocabulary
from streams.errors import SettingInvalid

OWN = """\
# our words
version = 3

[missions.gift]
words = { en = ["gift"] } # told by a word

[attributes]
color = [
  "blue", # as the sea
]
"größe" = ["xl"]
material = []
"""
FOUND = Proposal(
    40,
    (Candidate("color", "teal", 9, ("a teal shirt",)), Candidate("", "oak", 5, ('an "oak" table',))),
    (Candidate("fit", "", 4, ("Fit: slim",)),),
)


def edited(*values: tuple[str, str], close: str = "[]", version: int = 3) -> str:
    """A file that a person left."""
    entries = [f'[[values]]\nattribute = "{name}"\nvalue = "{value}"\n' for name, value in values]
    return f"version = {version}\nclose = {close}\n" + "\n".join(entries)


def test_what_is_written_is_read_back() -> None:
    """With counts and quotes for people; open attributes are named."""
    text = proposal_text(FOUND, parse_vocabulary(OWN))
    assert "Proposed from 40 products" in text
    assert "take any word now: material." in text
    read = accepted(text)
    assert read.version == 3
    assert [(each.attribute, each.value, each.products, each.quotes) for each in read.values] == [
        ("color", "teal", 9, ("a teal shirt",)), ("", "oak", 5, ('an "oak" table',)),
    ]  # fmt: skip
    assert [each["name"] for each in read.names] == ["fit"]


@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_any_quote_can_be_written(quotes: list[str]) -> None:
    """Sellers write what they like."""
    found = Proposal(2, (Candidate("color", "teal", 2, tuple(quotes)),), ())
    assert accepted(proposal_text(found, parse_vocabulary(OWN))).values[0].quotes == tuple(quotes)


def test_accepting_adds_values_raises_the_version_and_keeps_the_rest() -> None:
    """Comments and order stay; a value without an attribute is left out, one that is there already stands once."""
    text = merged(OWN, accepted(edited(("color", "teal"), ("color", "Blue"), ("größe", "xxl"), ("", "oak"))))
    vocabulary = parse_vocabulary(text)
    assert vocabulary.version == 4
    assert vocabulary.attributes == {"color": ("blue", "teal"), "größe": ("xl", "xxl"), "material": ()}
    assert "# our words" in text
    assert "# told by a word" in text


def test_a_vocabulary_without_a_version_is_the_first() -> None:
    """As the packaged one is; its version comes before its tables."""
    text = merged(packaged_text(), accepted(edited(("color", "teal"), close='["color"]', version=1)))
    vocabulary = parse_vocabulary(text)
    assert (vocabulary.version, vocabulary.attributes["color"]) == (2, ("teal",))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (edited(("fit", "slim")), "no attribute 'fit'"),
        (edited(("color", "jewish")), "'jewish' tells of a person"),
        (edited(("color", "for women")), "'for women' tells of a person"),
        (edited(("material", "oak")), "material takes any word now"),
        (edited(*(("color", f"c-{at}") for at in range(MOST_VALUES))), "color would have 101 values"),
        (edited(("color", "teal"), version=2), "for version 2 of vocabulary.toml, and version 3"),
        (edited(("", "oak")), "no value of the proposal has an attribute"),
        (edited(("color", "a,b")), "values.0.value"),
        ("version = 3\nvalues = 5", "values"),
        ("version = 3\nother = 5", "other"),
        ("= 3", "not TOML"),
        ("", "version"),
    ],
)
def test_what_may_not_be_accepted_is_refused(text: str, fault: str) -> None:
    """With what is wrong."""
    with pytest.raises(SettingInvalid, match=fault):
        merged(OWN, accepted(text))


@given(st.text(st.sampled_from('[]{}=.",#\n abv1versonattiu'), max_size=60))
def test_any_file_is_read_or_refused(text: str) -> None:
    """Nothing else comes of it."""
    try:
        accepted(text)
    except SettingInvalid:
        return
