"""Words: what we found, as a person would say it."""

import re
from functools import lru_cache

from prompts.answer import OTHER
from prompts.guard import plain
from streams.records.intents import Findings, PriceBand, Stage, Weighted

LONGEST = 140
_DOES: dict[Stage, str] = {
    "explore": "Looks around for",
    "compare": "Compares",
    "decide": "Is settling on",
    "cart": "Wants to buy",
    "purchase": "Has bought",
}
_DEVOTED = 0.6
_WHOLE = 10  # prices from here on are told without cents
_LIKE_PHONES = 1e7  # prices from here on have as many digits as phone numbers, which are left out
_WHOLE_TEXT = 1_000
_UNCOUNTED = ("s", "ing", "ware", "wear", "furniture", "jewelry", "jewellery", "equipment", "gear", "food", "audio")


def describe(intent: Findings) -> str:
    """One sentence for a person at a screen: `Compares kettles between 60 and 90 EUR (research, 64% sure).`"""
    text = intent.mission.text or mission_text(intent.stage, intent.categories, intent.brands, intent.price_band)
    label = "" if intent.mission.label == OTHER else f"{intent.mission.label}, "
    return f"{text.rstrip('.')} ({label}{intent.confidence:.0%} sure)."


def mission_text(
    stage: Stage,
    categories: tuple[Weighted, ...],
    brands: tuple[Weighted, ...],
    band: PriceBand | None,
    quality: str = "",
) -> str:
    """What the shopper is after, in at most 140 characters; `quality` is a word such as blue."""
    words = [_DOES[stage], quality, noun(categories[0].name) if categories else "products"]
    if brands and brands[0].weight >= _DEVOTED:
        words += ["by", brands[0].name]
    if band is None or stage == "purchase":
        return plain(" ".join([word for word in words if word]), LONGEST)
    range_ = f" between {_price(band.low)} and {_price(band.high)} {band.currency}".rstrip()
    letters = band.currency.isascii() and (band.currency or "EUR").isalpha()
    if max(band.low, band.high) >= _LIKE_PHONES or not letters:
        return plain(" ".join([word for word in words if word]) + range_, LONGEST)
    # The words are those of many shoppers, and remembered; such a range is plain by itself.
    return (plain(" ".join([word for word in words if word]), _WHOLE_TEXT) + range_)[:LONGEST].rstrip()


@lru_cache(maxsize=4_096)
def noun(category: str) -> str:
    """The last part of a category path in the plural: `home/kitchen/tea_kettle` becomes `tea kettles`."""
    last = re.split(r"[/.>]", category.rstrip("/.> "))[-1]
    words = re.sub(r"[_-]+", " ", last).strip().lower()
    if not words.isascii() or not words[-1:].isalpha() or words.endswith(_UNCOUNTED):
        return words or "products"
    if re.search(r"[^aeiou]y$", words):
        return words[:-1] + "ies"
    return words + ("es" if words.endswith(("sh", "ch", "x")) else "s")


def _price(price: float) -> str:
    return f"{price:.0f}" if price >= _WHOLE else f"{price:.2f}"
