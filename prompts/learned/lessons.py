"""Lessons: what one event teaches of all shoppers: which category, brand and price follow which.

A lesson is a name counted under a key, in one of a few tables. Every text in it is cleaned as a prompt's is, and a key
of several parts has a line end between them, which no cleaned text holds.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import log2
from typing import Literal, NamedTuple

from prompts.guard import BRAND, CATEGORY, clean
from prompts.view import details
from streams.events.event import Item
from streams.sessions.session import ACTIONS, Session

Table = Literal[
    "categories", "category_after", "kinship", "brand_in", "brand_after", "price_after", "price_step", "stays",
    "gap_after",
]  # fmt: skip

FIGURES: frozenset[Table] = frozenset({"kinship", "price_after", "price_step", "stays", "gap_after"})
"""Tables of shares, prices and times; the others hold names that an intent may show."""

EVERYONE = ""
"""The key of what is counted over all shoppers."""

STAY, SWITCH = "stay", "switch"
"""Whether the next new product is of the category that was looked at last."""

PRICE_BINS, STEP_BINS = 4, 8
"""Bins of a doubling, for prices and for the steps from one price to the next."""

GAP_BINS, LEAST_GAP_S = 2, 0.125
"""Bins of a doubling, for the seconds from one event to the next, and what is shorter than the shortest counts as."""

_SEPARATOR = re.compile(r"\s*[/.>]\s*")
_RUNS = (1, 2, 4, 7)  # the longest run of each bucket but the last
_VARIETY = 3  # so many categories and more are alike
_REMEMBERED = 16_384  # shoppers look at the same products


class Lesson(NamedTuple):
    """One name under one key."""

    table: Table
    key: str
    name: str


def lessons(session: Session) -> list[Lesson]:
    """What the event teaches that a session took in last; of an event with several items, its first.

    A product that stands in the window already teaches nothing: it is no step to a new one, and was taught before.
    """
    start = _start(session.event_ids)
    latest = session.subjects[start] if start < len(session.subjects) else None
    if not isinstance(latest, Item):
        return []
    before = [subject for subject in session.subjects[:start] if isinstance(subject, Item)]
    if latest.id in [item.id for item in before]:
        return []
    seen = _seen(clean(latest.category or "", CATEGORY), clean(latest.brand or "", BRAND))
    return [*seen, *_followed(latest, before)] if before else list(seen)


def gaps(session: Session) -> list[Lesson]:
    """How long after the one before the event came that a session took in last, by the action of the one before."""
    start = _start(session.event_ids)
    if start == 0:
        return []
    gap_s = max((session.times[start] - session.times[start - 1]) / 1e3, LEAST_GAP_S)
    return [*_gap(ACTIONS[session.actions[start - 1]], round(log2(gap_s) * GAP_BINS))]


def paths(category: str) -> list[str]:
    """A category's path and those above it, narrowest first; none of the empty one."""
    ends = [match.start() for match in _SEPARATOR.finditer(category) if match.start()]
    return [category[:end] for end in (len(category), *reversed(ends)) if end]


def parts(category: str) -> tuple[str, ...]:
    """Those of a category's path, however it parts and writes them: shops spell one in several ways."""
    return tuple(_SEPARATOR.split(category.casefold()))


def kinship(one: str, other: str) -> str:
    """How many of their first parts two category paths have in common."""
    common = 0
    for mine, theirs in zip(_SEPARATOR.split(one), _SEPARATOR.split(other), strict=False):
        if mine != theirs:
            break
        common += 1
    return str(common)


def situations(categories: Sequence[str]) -> list[str]:
    """What tells best whether the last category lasts, widest first: nothing, how long it has, and among how many."""
    run = next((at for at, name in enumerate(reversed(categories)) if name != categories[-1]), len(categories))
    bucket = str(sum(run > longest for longest in _RUNS))
    return [EVERYONE, bucket, f"{bucket}\n{min(len(set(categories)), _VARIETY)}"]


def price_keys(currency: str, category: str, brand: str) -> list[str]:
    """Under which keys the price of what follows is counted, narrowest first. Money is never mixed."""
    above = [f"{currency}\n{path}" for path in paths(category)]
    return [f"{currency}\n{category}\n{brand}", *above] if category and brand else above


def _start(event_ids: Sequence[str]) -> int:
    """The row at which the last event begins."""
    start = len(event_ids) - 1
    while start > 0 and event_ids[start - 1] == event_ids[-1]:
        start -= 1
    return max(start, 0)


@lru_cache(_REMEMBERED)
def _seen(category: str, brand: str) -> tuple[Lesson, ...]:
    """That there is such a category, and such a brand in it."""
    found = [Lesson("categories", EVERYONE, category)] if category else []
    return *found, *(Lesson("brand_in", path, brand) for path in (*paths(category), EVERYONE) if brand)


def _followed(now: Item, before: Sequence[Item]) -> Iterator[Lesson]:
    """That this product, the first time, came after those."""
    categories = [item.category for item in before if item.category]
    category = clean(categories[-1], CATEGORY) if categories else ""
    brand = clean(next((item.brand for item in reversed(before) if item.brand), ""), BRAND)
    _, then, then_brand, price, currency = details(None, now.category, now.brand, now.price, now.currency)
    if then and category:
        for key in situations(categories):
            yield Lesson("stays", key, STAY if then == category else SWITCH)
        if then != category:
            yield from _switched(category, then)
    if then_brand and brand:
        yield from _branded(category, brand, then_brand)
    if price:
        yield from _priced(currency, category, brand, round(log2(price) * PRICE_BINS))
        last = next((item for item in reversed(before) if item.price), None)
        _, _, _, paid, money = details(None, None, None, last.price, last.currency) if last else ("", "", "", 0.0, "")
        if paid and money == currency:
            yield from _stepped(category, round(log2(price / paid) * STEP_BINS))


@lru_cache(_REMEMBERED)
def _gap(action: str, length: int) -> tuple[Lesson, ...]:
    return tuple(Lesson("gap_after", key, str(length)) for key in (action, EVERYONE))


@lru_cache(_REMEMBERED)
def _switched(category: str, then: str) -> tuple[Lesson, ...]:
    return Lesson("kinship", EVERYONE, kinship(category, then)), Lesson("category_after", category, then)


@lru_cache(_REMEMBERED)
def _branded(category: str, brand: str, then: str) -> tuple[Lesson, ...]:
    keys = [brand, f"{category}\n{brand}"] if category else [brand]
    return tuple(Lesson("brand_after", key, then) for key in keys)


@lru_cache(_REMEMBERED)
def _priced(currency: str, category: str, brand: str, height: int) -> tuple[Lesson, ...]:
    return tuple(Lesson("price_after", key, str(height)) for key in price_keys(currency, category, brand))


@lru_cache(_REMEMBERED)
def _stepped(category: str, step: int) -> tuple[Lesson, ...]:
    return tuple(Lesson("price_step", path, str(step)) for path in (*paths(category), EVERYONE))
