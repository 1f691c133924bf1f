"""Masking: the shape of a record, and nothing of what it says."""

import re

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from penchant.operations.dead_letters.masking import LONGEST, masked, plain

WORDS = ("id", "items", "note", "true", "false", "null")
BEGUN = re.compile(f"({'|'.join(word[:end] for word in WORDS for end in range(len(word), 0, -1))})$")
"""A part of one of these, before the cut."""

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["id", "items", "note"]), inner),
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"shopper_id":"ada-7","time_ms":1700,"items":[{"price":"12,50 EUR"}],"ok":true}',
         '{"shopper_id":"xxx-9","time_ms":9999,"items":[{"price":"99,99 xxx"}],"ok":true}'),
        (b"2019-10-01 00:00:00 UTC,view,1003461", "9999-99-99 99:99:99 xxx,xxxx,9999999"),
        (b'{"ada@example.org":1}', '{"xxx@xxxxxxx.xxx":9}'),
        (b"\xff\xfe", "��"),
        (None, "(none)"),
        (b"", ""),
    ],
)  # fmt: skip
def test_letters_and_digits_go(value: bytes | None, shown: str) -> None:
    """Names of JSON fields stay, unless they look like somebody's."""
    assert masked(value) == shown


@settings(deadline=None)
@given(JSON)
@example(["0" * (LONGEST - 6), True])
def test_nothing_of_a_document_is_left(document: object) -> None:
    """But its field names, its shape, and true, false and null."""
    shown, cut, _ = masked(orjson.dumps(document)).partition("... (")
    for word in WORDS:
        shown = shown.replace(word, "")
    if cut:
        shown = BEGUN.sub("", shown)
    assert all(character == "x" or not character.isalpha() for character in shown)
    assert all(character == "9" or not character.isdecimal() for character in shown)


def test_long_values_are_cut() -> None:
    """And it is said how much is missing."""
    assert masked(b"a" * (LONGEST + 1_234)) == "x" * LONGEST + "... (1,234 more)"


def test_raw_is_raw() -> None:
    """Bytes that are no text are told by their numbers."""
    assert plain(b"caf\xc3\xa9 \xff") == "café \\xff"
