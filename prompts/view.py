"""Prompt view: everything that one prompt shows, and so everything that its answer may name.

A session moves on while its call runs; its view does not. Take the view once, when the prompt is rendered, and give
it to the rules, the grounding and the intent as well.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import orjson
from msgspec import Struct

from prompts.guard import BRAND, CATEGORY, QUERY, TITLE, clean
from streams.events.event import Item
from streams.sessions.profiles import NOTHING, Counts, InterestCounts, merge
from streams.sessions.session import ACTIONS, Session

About = Callable[[str], str]
"""Gives what the shop says of a product, by its id; the empty string where it says nothing."""

ABOUT = 160
"""Length cap of that, in characters."""

MINUTE_MS = 60_000
_HIGHEST_PRICE = 1e9
_CURRENCY_LETTERS = 3
_REMEMBERED = 16_384


class Product(NamedTuple):
    """A product as one line knows it, cleaned. `number`, `category` and `brand` count from 1 by first appearance.

    Zero and the empty string mean unknown. What an event leaves out (a cart event often has the product's id alone) is
    taken from the product's line before. `about` is what the shop says of it beside the events.
    """

    number: int
    title: str = ""
    category: int = 0
    brand: int = 0
    price: float = 0.0
    currency: str = ""
    about: str = ""


class Others(NamedTuple):
    """Names that other shoppers went on to from such a window, and that it does not have: numbered behind its own."""

    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()


NO_OTHERS = Others()


class Entry(NamedTuple):
    """One line of history. `number` is stable while the session is open; `minute` counts from its first event."""

    number: int
    event_id: str
    minute: int
    action: str
    product: Product | None = None
    quantity: int = 1
    query: str = ""


class PromptView(Struct, frozen=True, gc=False):
    """What a prompt shows of a shopper's window: its entries and the names that they use, and the tallies of what came
    before. `dropped` counts the lines that are told as a tally only. `actions` and `subjects` are the entries' actions
    and products. `described` are the products, again whenever one changed, and `queries` what was searched for.
    `others` is what a prompt offers beside the window."""

    entries: tuple[Entry, ...]
    actions: tuple[str, ...]
    subjects: tuple[Product | None, ...]
    products: tuple[str, ...]
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    profile: InterestCounts
    earlier: InterestCounts
    dropped: int
    events: int
    from_ms: int
    to_ms: int
    described: tuple[Product, ...] = ()
    queries: tuple[str, ...] = ()
    others: Others = NO_OTHERS

    @property
    def numbered_categories(self) -> tuple[str, ...]:
        """Those that an answer may name, by number from 1."""
        return self.categories + self.others.categories

    @property
    def numbered_brands(self) -> tuple[str, ...]:
        """Those that an answer may name, by number from 1."""
        return self.brands + self.others.brands

    @classmethod
    def of(cls, session: "Session | PromptView", first: int = 0, about: "About | None" = None) -> "PromptView":
        """What `session` shows now, from its window's row `first` on; a view is its own."""
        if isinstance(session, PromptView):
            return session
        names = _Names(session, first, about)
        return cls(
            entries=tuple(names.entries),
            actions=tuple(names.actions),
            subjects=tuple(names.subjects),
            products=tuple(names.products),
            categories=tuple(names.categories),
            brands=tuple(names.brands),
            profile=_clean(session.profile),
            earlier=_clean(_earlier(session, first)),
            dropped=session.dropped + first,
            events=session.events,
            from_ms=min(session.origin_ms, min(session.times, default=session.origin_ms)),
            to_ms=session.last_ms,
            described=tuple(names.described),
            queries=tuple(names.queries),
        )


class _Names:
    """Numbers names by first appearance, and remembers what each product was last known as.

    Reads the columns rather than `rows()`: a prompt is rendered for every call.
    """

    def __init__(self, session: Session, first: int, about: "About | None") -> None:
        self._about = about
        self.products: dict[str, tuple[Item, Product]] = {}
        self.categories: dict[str, int] = {}
        self.brands: dict[str, int] = {}
        self.described: list[Product] = []
        self.queries: list[str] = []
        self.actions = [ACTIONS[code] for code in session.actions[first:]]
        self.subjects: list[Product | None] = []
        self.entries = self._read(session, first)

    def _read(self, session: Session, first: int) -> list[Entry]:
        entries, known, origin_ms, number = [], self.products, session.origin_ms, session.dropped + first
        ids, times_ms, subjects = session.event_ids[first:], session.times[first:], session.subjects[first:]
        for event_id, time_ms, action, subject in zip(ids, times_ms, self.actions, subjects, strict=True):
            number += 1
            product, quantity, query = None, 1, ""
            if isinstance(subject, Item):
                quantity = subject.quantity
                last = known.get(subject.id)
                product = last[1] if last and last[0] is subject else self._product(subject, last)
            elif subject:
                query = clean(subject, QUERY)
                self.queries.append(query)
            line = (number, event_id, (time_ms - origin_ms) // MINUTE_MS, action, product, quantity, query)
            entries.append(_new(Entry, line))
            self.subjects.append(product)
        return entries

    def _product(self, item: Item, last: tuple[Item, Product] | None) -> Product:
        if last is None:
            product = self._unseen(item)
        elif last[0] == item:
            return last[1]
        else:
            product = self._changed(item, last[1])
        self.products[item.id] = (item, product)
        self.described.append(product)
        return product

    def _unseen(self, item: Item) -> Product:
        title, category, brand, price, currency = details(
            item.title, item.category, item.brand, item.price, item.currency
        )
        category_number = _numbered(self.categories, category) if category else 0
        brand_number = _numbered(self.brands, brand) if brand else 0
        about = clean(self._about(item.id), ABOUT) if self._about else ""
        number = len(self.products) + 1
        return _new(Product, (number, title, category_number, brand_number, price, currency, about))

    def _changed(self, item: Item, last: Product) -> Product:
        """What this event says of a product, and what it leaves out from the event before."""
        title, category, brand, price, currency = details(
            item.title, item.category, item.brand, item.price, item.currency
        )
        return last._replace(
            title=title or last.title,
            category=_numbered(self.categories, category) if category else last.category,
            brand=_numbered(self.brands, brand) if brand else last.brand,
            price=price or last.price,
            currency=currency or last.currency,
        )


def _numbered(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers) + 1)


_new = tuple.__new__  # a third of the time of a call by name


@lru_cache(_REMEMBERED)
def details(
    title: str | None, category: str | None, brand: str | None, price: float | None, currency: str | None
) -> tuple[str, str, str, float, str]:
    """An item's details, cleaned; remembered, because many shoppers look at the same products."""
    known = _price(price)
    return (
        clean(title or "", TITLE),
        clean(category or "", CATEGORY),
        clean(brand or "", BRAND),
        known,
        _currency(currency) if known else "",
    )


@lru_cache(_REMEMBERED)
def quoted(text: str) -> str:
    """A text as it stands in a prompt, after a space: no text can end its own quotes."""
    return " " + orjson.dumps(text).decode()


def _price(price: float | None) -> float:
    """Nothing costs nothing: shops write 0 where they do not know."""
    return round(price, 2) if price is not None and 0 < price < _HIGHEST_PRICE else 0.0


def _currency(code: str | None) -> str:
    if code is None or len(code) != _CURRENCY_LETTERS or not (code.isascii() and code.isalpha()):
        return ""
    return code.upper()


def _earlier(session: Session, first: int) -> InterestCounts:
    """What no line tells: what truncation dropped, and the rows before `first`."""
    if not first:
        return session.earlier
    rows = islice(session.rows(), first)
    return merge(session.earlier, InterestCounts.of((row.action, row.item) for row in rows if row.item))


def _clean(tally: InterestCounts) -> InterestCounts:
    if tally is NOTHING:
        return tally
    return tally._replace(categories=_names(tally.categories, CATEGORY), brands=_names(tally.brands, BRAND))


def _names(counts: Counts, cap: int) -> Counts:
    return tuple((name, count) for name, count in ((clean(name, cap), count) for name, count in counts) if name)
