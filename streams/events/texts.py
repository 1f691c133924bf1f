"""Texts: what stands where text is meant, which is often a number, and often nothing. Pure."""

NOTHING = frozenset({"(not set)", "undefined", "null", "NaN", "[object Object]"})
"""What Google's export says where there is nothing, and what JavaScript makes of it as text."""

_EXACT = 2**53
"""Whole numbers beyond are no longer told apart as JSON's floats."""


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
