"""Weight: how long a title or a search may be that a session keeps (a prompt shows far less of it), and about how many
bytes its products and texts take, beside what each row takes anyway.

Sessions share the products that the decoder and the packing remember. CPython counts who refers to an object, so each
row takes its part of its product: all of one that nobody else saw, hardly anything of one that everybody saw.
"""

from dataclasses import replace
from sys import getrefcount
from typing import overload

from streams.events.event import Item
from streams.sessions.profiles import InterestCounts

TEXT_BYTES = 400
"""The most UTF-8 bytes of a title or a search."""

SURELY_SHORT = TEXT_BYTES // 4
"""Characters that are no more bytes than that, whichever they are."""

ITEM_BYTES = 144
"""A product without its texts: the object, its price, and what the allocator rounds up."""

WHILE_FOLDED, WHILE_WEIGHED = 7, 6
"""References to a product that are no session's: of who remembers products or is looking at them, of its event, and of
who is counting."""

MANY = 40
"""Rows that share a product, from which on it weighs nothing."""

WEIGHTLESS = MANY + WHILE_FOLDED - 1
"""References to a product, as whoever folds it counts them, from which on `subject_bytes` is 0."""

SHARED = 6
"""References to a category or brand, from which on it is one of many products."""

USUAL_BYTES = 120
"""What a name in a tally takes that is counted already: about 70 Latin characters."""


text_bytes = str.__sizeof__
"""What `sys.getsizeof` says of a text, in a tenth of its time."""


def subject_bytes(subject: Item | str | None, passing: int = WHILE_FOLDED) -> int:
    """What a row takes for its product or search; `passing` references to these will not stay."""
    if subject is None:
        return 0
    holders = getrefcount(subject) - passing
    if holders >= MANY:
        return 0
    if isinstance(subject, str):
        return text_bytes(subject) // max(holders, 1)
    own = _item_bytes(subject)
    return own // holders if holders > 1 else own


def tally_bytes(*tallies: InterestCounts) -> int:
    """What long names of categories and brands take."""
    names = (name for tally in tallies for name, _ in (*tally.categories, *tally.brands))
    return sum(max(text_bytes(name) - USUAL_BYTES, 0) for name in names)


def _item_bytes(item: Item) -> int:
    title, category, brand = item.title, item.category, item.brand
    size = ITEM_BYTES + text_bytes(item.id)
    if title:
        size += text_bytes(title)
    if category and getrefcount(category) < SHARED:
        size += text_bytes(category)
    if brand and getrefcount(brand) < SHARED:
        size += text_bytes(brand)
    return size


@overload
def cut(subject: Item) -> Item: ...
@overload
def cut(subject: str | None) -> str | None: ...
def cut(subject: Item | str | None) -> Item | str | None:
    """The item with its title, or the search, cut to whole characters within TEXT_BYTES."""
    if subject is None:
        return None
    if isinstance(subject, str):
        return _cut(subject) if len(subject) > SURELY_SHORT else subject
    title = subject.title
    return _titled(subject) if title is not None and len(title) > SURELY_SHORT else subject


def _titled(item: Item) -> Item:
    title = _cut(item.title or "")
    return item if title == item.title else replace(item, title=title)


def _cut(text: str) -> str:
    data = text.encode()
    return text if len(data) <= TEXT_BYTES else data[:TEXT_BYTES].decode(errors="ignore")
