"""Lessons: what one event teaches of all shoppers: which category, brand and price follow which.

A lesson is a name counted under a key, in one of a few tables. Every text in it is cleaned as a prompt's is, and a key
of several parts has a line end between them, which no cleaned text holds.
"""

import re
from collections.abc import Iterator, Sequence
from math import log2
from typing import Literal, NamedTuple

from prompts.view import details
from streams.events.event import Item
from streams.sessions.session import Session

Table = Literal[
    "categories", "category_after", "kinship", "brand_in", "brand_after", "price_after", "price_step", "stays"
]

FIGURES: frozenset[Table] = frozenset({"kinship", "price_after", "price_step", "stays"})
"""Tables of shares and prices; the others hold names that an intent may show."""

EVERYONE = ""
"""The key of what is counted over all shoppers."""

STAY, SWITCH = "stay", "switch"
"""Whether the next new product is of the category that was looked at last."""

PRICE_BINS, STEP_BINS = 4, 8
"""Bins of a doubling, for prices and for the steps from one price to the next."""

_SEPARATOR = re.compile(r"\s*[/.>]\s*")
_RUNS = (1, 2, 4, 7)  # the longest run of each bucket but the last
_VARIETY = 3  # so many categories and more are alike


class Lesson(NamedTuple):
    """One name under one key."""

    table: Table
    key: str
    name: str


class Known(NamedTuple):
    """What is known of the last product that tells it: empty and zero where none does."""

    category: str = ""
    brand: str = ""
    price: float = 0.0
    currency: str = ""


def lessons(session: Session) -> list[Lesson]:
    """What the event teaches that a session took in last; of an event with several items, its first.

    A product that stands in the window already teaches only what it is.
    """
    start = _start(session.event_ids)
    latest = session.subjects[start] if start < len(session.subjects) else None
    if not isinstance(latest, Item):
        return []
    now = _known(latest)
    taught = list(_seen(now))
    before = [subject for subject in session.subjects[:start] if isinstance(subject, Item)]
    if before and all(item.id != latest.id for item in before):
        taught += _followed(now, before)
    return taught


def paths(category: str) -> list[str]:
    """A category's path and those above it, narrowest first; none of the empty one."""
    ends = [match.start() for match in _SEPARATOR.finditer(category) if match.start()]
    return [category[:end] for end in (len(category), *reversed(ends)) if end]


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


def _known(item: Item) -> Known:
    _, category, brand, price, currency = details(None, item.category, item.brand, item.price, item.currency)
    return Known(category, brand, price, currency)


def _seen(now: Known) -> Iterator[Lesson]:
    """That there is such a category, and such a brand in it."""
    if now.category:
        yield Lesson("categories", EVERYONE, now.category)
    if now.brand:
        for path in (*paths(now.category), EVERYONE):
            yield Lesson("brand_in", path, now.brand)


def _followed(now: Known, before: Sequence[Item]) -> Iterator[Lesson]:
    """That this product, the first time, came after those."""
    known = [_known(item) for item in before]
    categories = [each.category for each in known if each.category]
    category = categories[-1] if categories else ""
    brand = next((each.brand for each in reversed(known) if each.brand), "")
    if now.category and category:
        for key in situations(categories):
            yield Lesson("stays", key, STAY if now.category == category else SWITCH)
        if now.category != category:
            yield Lesson("kinship", EVERYONE, kinship(category, now.category))
            yield Lesson("category_after", category, now.category)
    if now.brand and brand:
        yield Lesson("brand_after", brand, now.brand)
        if category:
            yield Lesson("brand_after", f"{category}\n{brand}", now.brand)
    if now.price:
        yield from _priced(now, category, brand, known)


def _priced(now: Known, category: str, brand: str, known: Sequence[Known]) -> Iterator[Lesson]:
    height = str(round(log2(now.price) * PRICE_BINS))
    for key in price_keys(now.currency, category, brand):
        yield Lesson("price_after", key, height)
    last = next((each for each in reversed(known) if each.price), None)
    if last is not None and last.currency == now.currency:
        step = str(round(log2(now.price / last.price) * STEP_BINS))
        for path in (*paths(category), EVERYONE):
            yield Lesson("price_step", path, step)
