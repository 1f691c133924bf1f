"""World: everything that one prompt shows, and so everything that its answer may name.

A session moves on while its call runs; its world does not. Take the world once, when the prompt is rendered, and give
it to the rules, the grounding and the intent as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from prompts.guard import BRAND, CATEGORY, QUERY, TITLE, clean
from streams.events import Item
from streams.profiles import Counts, Tally
from streams.sessions import ACTIONS, Session

MINUTE_MS = 60_000
_HIGHEST_PRICE = 1e9
_CURRENCY_LETTERS = 3


class Product(NamedTuple):
    """A product as one line knows it, cleaned. `number`, `category` and `brand` count from 1 by first appearance.

    Zero and the empty string mean unknown. What an event leaves out (a cart event often has the product's id alone) is
    taken from the product's line before.
    """

    number: int
    title: str = ""
    category: int = 0
    brand: int = 0
    price: float = 0.0
    currency: str = ""


class Entry(NamedTuple):
    """One line of history. `number` is stable while the session is open; `minute` counts from its first event."""

    number: int
    event_id: str
    minute: int
    action: str
    product: Product | None = None
    quantity: int = 1
    query: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """A shopper's window: its entries and the names that they use, and the tallies of what came before."""

    entries: tuple[Entry, ...]
    products: tuple[str, ...]
    categories: tuple[str, ...]
    brands: tuple[str, ...]
    profile: Tally
    earlier: Tally
    dropped: int
    events: int
    from_ms: int
    to_ms: int

    @classmethod
    def of(cls, session: "Session | World") -> "World":
        """What `session` shows now; a world is its own."""
        if isinstance(session, World):
            return session
        names = _Names()
        return cls(
            entries=tuple(names.entries(session)),
            products=tuple(names.products),
            categories=tuple(names.categories),
            brands=tuple(names.brands),
            profile=_clean(session.profile),
            earlier=_clean(session.earlier),
            dropped=session.dropped,
            events=session.events,
            from_ms=min(session.origin_ms, min(session.times, default=session.origin_ms)),
            to_ms=session.last_ms,
        )


class _Names:
    """Numbers names by first appearance, and remembers what each product was last known as."""

    def __init__(self) -> None:
        self.products: dict[str, tuple[Item, Product]] = {}
        self.categories: dict[str, int] = {}
        self.brands: dict[str, int] = {}

    def entries(self, session: Session) -> Iterator[Entry]:
        """Reads the columns rather than `rows()`: a prompt is rendered for every call."""
        columns = zip(session.event_ids, session.times, session.actions, session.subjects, strict=True)
        origin_ms = session.origin_ms
        for number, (event_id, time_ms, code, subject) in enumerate(columns, session.dropped + 1):
            minute = (time_ms - origin_ms) // MINUTE_MS
            if isinstance(subject, Item):
                yield Entry(number, event_id, minute, ACTIONS[code], self._product(subject), subject.quantity)
            else:
                yield Entry(number, event_id, minute, ACTIONS[code], None, 1, clean(subject, QUERY) if subject else "")

    def _product(self, item: Item) -> Product:
        known = self.products.get(item.id)
        if known and (known[0] is item or known[0] == item):
            return known[1]
        product = self._describe(item, known[1] if known else Product(len(self.products) + 1))
        self.products[item.id] = (item, product)
        return product

    def _describe(self, item: Item, last: Product) -> Product:
        title, category, brand, price, currency = _details(
            item.title, item.category, item.brand, item.price, item.currency
        )
        return Product(
            last.number,
            title or last.title,
            _number(self.categories, category) or last.category,
            _number(self.brands, brand) or last.brand,
            price or last.price,
            currency or last.currency,
        )


@lru_cache(8_192)
def _details(
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


def _number(numbers: dict[str, int], name: str) -> int:
    return numbers.setdefault(name, len(numbers) + 1) if name else 0


def _price(price: float | None) -> float:
    """Nothing costs nothing: shops write 0 where they do not know."""
    return round(price, 2) if price is not None and 0 < price < _HIGHEST_PRICE else 0.0


def _currency(code: str | None) -> str:
    if code is None or len(code) != _CURRENCY_LETTERS or not (code.isascii() and code.isalpha()):
        return ""
    return code.upper()


def _clean(tally: Tally) -> Tally:
    return tally._replace(categories=_names(tally.categories, CATEGORY), brands=_names(tally.brands, BRAND))


def _names(counts: Counts, cap: int) -> Counts:
    return tuple((name, count) for name, count in ((clean(name, cap), count) for name, count in counts) if name)
