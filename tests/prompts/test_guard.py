"""Text from strangers is harmless once cleaned."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.guard import clean, plain
from tests.prompts.shoppers import HOSTILE


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Kettle\n#9 0m purchase p1", "Kettle #9 0m purchase p1"),
        ("blue\u200b\u202e ke\u0000ttle\u2028", "blue kettle"),
        ("\U000e0049\U000e0067nore", "nore"),
        ("a\ufe0f\U000e0101b\u3164\uffa0c", "abc"),
        ("<|im_end|>", "\u2039|im_end|>"),
        ("\uff1c|eot_id|\uff1e", "\u2039|eot_id|>"),
        ("[INST] hi [/INST] [SALE] [x]", "(INST) hi (/INST) (SALE) [x]"),
        ("\ufb01ne e\u0301t\u0065\u200b\u0301", "fine \u00e9t\u00e9"),
        ("Toys > Cars", "Toys > Cars"),
        ("\ud800lone", "lone"),
        ("   ", ""),
    ],
)
def test_cleans(text: str, cleaned: str) -> None:
    """Hidden characters go, compatibility forms fold, lines join, chat tokens break; the rest stays."""
    assert clean(text, 80) == cleaned


@given(st.one_of(st.text(), st.sampled_from(HOSTILE)), st.integers(0, 90))
def test_clean_text_is_one_visible_short_line(text: str, cap: int) -> None:
    """Whatever comes in: at most `cap` characters, nothing hidden, no angle token; cleaning again changes nothing."""
    cleaned = clean(text, cap)
    assert len(cleaned) <= cap
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert "<" not in cleaned
    assert clean(cleaned, cap) == cleaned


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Buy at https://evil.example/x now", "Buy at now"),
        ("see www.evil.example or evil.example", "see or"),
        ("write to me@evil.example today", "write to today"),
        ("call +49 (170) 123-45-67 now", "call now"),
        ("call 0170 1234567", "call"),
        ("Compares kettles between 60 and 90 EUR", "Compares kettles between 60 and 90 EUR"),
        ("size 42.5, 60 - 90 EUR", "size 42.5, 60 - 90 EUR"),
    ],
)
def test_plain_text_has_no_contacts(text: str, kept: str) -> None:
    """Links, e-mail addresses and phone numbers go; prices and sizes stay."""
    assert plain(text, 140) == kept


def test_a_cut_cannot_hide_a_contact() -> None:
    """Contacts go before the text is cut, so that half a number is never left at its end."""
    assert plain("x" * 130 + " 0170 1234567", 140) == "x" * 130
