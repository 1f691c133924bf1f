"""Guard: text written by strangers, made harmless before it stands in a prompt or an intent.

Cleaning is no defence against an argument in plain words; it only keeps text from leaving its field. What an
instruction in a title can change is bounded by prompts/grounding.py. Personal data is out of the texts before they come
here: streams/events/redaction.py.
"""

import re
from functools import lru_cache

from streams.events.texts import visible

TITLE, QUERY, CATEGORY, BRAND = 80, 80, 120, 60
"""Length caps, in characters. A category stands whole in an intent, so its cap is that of a label there."""

_REMEMBERED = 8_192
_BRACKET_TOKEN = re.compile(r"\[(/?[A-Za-z]?[A-Z_]{2,}[0-9_]*)\]")
_SWITCH = re.compile(
    r"(?:/+(?=no[ _-]?think)|(?<![a-z0-9])/+(?=(?:set )?(?:no)?think(?:ing)?(?![a-z])))", re.IGNORECASE
)
_CONTACT = re.compile(r"@|://|www\.|[a-z0-9]\.[a-z]{2}", re.IGNORECASE)
_PHONE = re.compile(r"\+?(?:\d[\s().\-/]{0,3}){8,}\d")


@lru_cache(_REMEMBERED)
def clean(text: str, cap: int) -> str:
    """One line of at most `cap` characters: NFKC, nothing hidden, chat-template tokens broken up. Idempotent.

    Every angle token (`<|im_end|>`, `<s>`, `<start_of_turn>`) starts with `<`, which becomes a look-alike; `>` stays,
    because category paths use it. `[INST]`, `[gMASK]` and their like get round brackets. `/think` and `/no_think`,
    which Qwen and others obey wherever they stand, lose their stroke.
    """
    text = _BRACKET_TOKEN.sub(r"(\1)", visible(text).replace("<", "\u2039"))
    text = _SWITCH.sub("", text)
    return text[:cap].rstrip()


@lru_cache(_REMEMBERED)
def plain(text: str, cap: int) -> str:
    """Clean text without links, e-mail addresses and phone numbers, for people to read."""
    words = clean(text, 1_000).split()
    kept = _PHONE.sub(" ", " ".join(word for word in words if not _CONTACT.search(word)))
    return " ".join(kept.split())[:cap].rstrip()
