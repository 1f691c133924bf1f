"""Texts: what stands where text is meant, often a number or nothing, and what a reader sees of it. Pure."""

import unicodedata

NOTHING = frozenset({"(not set)", "undefined", "null", "NaN", "[object Object]"})
"""What Google's export says where there is nothing, and what JavaScript makes of it as text."""

_EXACT = 2**53
"""Whole numbers beyond are no longer told apart as JSON's floats."""

_HIDDEN = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn"}
)  # controls, bidi and tag characters, surrogates, private, unassigned
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # fillers that Unicode counts as letters
_CONTROLS = {code: None for code in (*range(32), 127) if not chr(code).isspace()}

LONGEST = 2_000
"""Characters of a text that are looked at, where some of them stand for up to eighteen: no event's is half as long."""


def worded(value: object) -> str | None:
    """Text as it is, a number as text, `123.0` as `123`; None for empty text, and for what is neither."""
    if value is None:
        return None
    if isinstance(value, str):
        return None if not value or value.isspace() or value in NOTHING else value
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return None if abs(value) >= _EXACT else str(int(value)) if value.is_integer() else str(value)
    return str(value) if isinstance(value, int) else None


def first(*values: object) -> str | None:
    """The first of these that is given, as text."""
    return next((text for value in values if (text := worded(value)) is not None), None)


def visible(text: str) -> str:
    """One line in NFKC with nothing hidden in it, and single spaces. Idempotent. What stands for more characters than
    it has is cut to LONGEST of them."""
    if text.isascii():
        text = text.translate(_CONTROLS)
    else:
        plain = unicodedata.normalize("NFKC", text)
        shown = "".join(filter(_shows, plain[: max(LONGEST, len(text))]))
        text = unicodedata.normalize("NFKC", shown)  # what stood around a hidden character may now compose
    return " ".join(text.split())


def _shows(character: str) -> bool:
    if character.isspace():
        return True
    if character in _INVISIBLE or unicodedata.category(character) in _HIDDEN:
        return False
    return not _selects_variation(character)


def _selects_variation(character: str) -> bool:
    """Variation selectors count as marks; runs of them smuggle bytes."""
    return (
        "\ufe00" <= character <= "\ufe0f"
        or "\U000e0100" <= character <= "\U000e01ef"
        or "\u180b" <= character <= "\u180f"
    )
