"""Guard: text written by strangers, made harmless before it stands in a prompt or an intent.

Cleaning is no defence against an argument in plain words; it only keeps text from leaving its field. What an
instruction in a title can change is bounded by prompts/grounding.py.
"""

import re
import unicodedata
from functools import lru_cache

TITLE, QUERY, CATEGORY, BRAND = 80, 80, 120, 60
"""Length caps, in characters. A category stands whole in an intent, so its cap is that of a label there."""

_REMEMBERED = 8_192
_HIDDEN = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn"}
)  # controls, bidi and tag characters, surrogates, private, unassigned
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")  # fillers that Unicode counts as letters
_CONTROLS = {code: None for code in (*range(32), 127) if not chr(code).isspace()}
_BRACKET_TOKEN = re.compile(r"\[(/?[A-Z_]{2,})\]")
_CONTACT = re.compile(r"@|://|www\.|[a-z0-9]\.[a-z]{2}", re.IGNORECASE)
_PHONE = re.compile(r"\+?(?:\d[\s().\-/]{0,3}){8,}\d")


@lru_cache(_REMEMBERED)
def clean(text: str, cap: int) -> str:
    """One line of at most `cap` characters: NFKC, nothing hidden, chat-template tokens broken up. Idempotent.

    Every angle token (`<|im_end|>`, `<s>`, `<start_of_turn>`) starts with `<`, which becomes a look-alike; `>` stays,
    because category paths use it. `[INST]` and its like get round brackets.
    """
    if text.isascii():
        text = text.translate(_CONTROLS)
    else:
        shown = "".join(filter(_shows, unicodedata.normalize("NFKC", text)))
        text = unicodedata.normalize("NFKC", shown)  # what stood around a hidden character may now compose
    text = _BRACKET_TOKEN.sub(r"(\1)", " ".join(text.split()).replace("<", "\u2039"))
    return text[:cap].rstrip()


def plain(text: str, cap: int) -> str:
    """Clean text without links, e-mail addresses and phone numbers, for people to read."""
    words = clean(text, 1_000).split()
    kept = _PHONE.sub(" ", " ".join(word for word in words if not _CONTACT.search(word)))
    return " ".join(kept.split())[:cap].rstrip()


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
