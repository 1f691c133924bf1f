"""Products: the items that foreign events describe, checked and redacted once and remembered."""

from collections.abc import Callable
from math import isfinite
from typing import Generic, TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError

from streams.errors import EventRefused
from streams.events.event import Item
from streams.events.formats.shapes import EMPTY, Figure, Words, below, bounded, reader
from streams.events.redaction import HIGHEST_PRICE, hashed, pseudonymous, redact
from streams.events.texts import NOTHING, first, worded
from streams.events.wire import LONGEST_LIST, LONGEST_TEXT, PRODUCTS

MOST, MOST_PIECES = 200, 1_000_000
"""Items of one event at most, and pieces of one item, as in the native form."""

Described = tuple[Words, Words, Words, Words, Words, Words, Figure, Words, Figure]
"""A product as it is described: id, what stands for it where it is not given, title, variant, category, brand, price,
currency and quantity. There may be no id where there is a title."""

T = TypeVar("T")


class Shelf(Generic[T]):
    """Makes items. The same product comes in the same words again and again: events that show it share one Item.

    `product` is the shape of an element of a list; `describe` tells, with the list's currency, what it means. At most
    `most` products are remembered. `dropped` counts those that could not be read, in lists with others.
    """

    def __init__(
        self,
        product: type[T],
        describe: Callable[[T, Words], Described],
        most: int = PRODUCTS,
    ) -> None:
        self._describe, self._most = describe, most
        self._read, self._elements = reader(product), reader(list[msgspec.Raw])
        self._items: dict[Described, Item] = {}
        self._lists: dict[tuple[bytes, str | None], tuple[Item, ...]] = {}
        self.dropped = 0

    def items(self, told: msgspec.Raw, currency: Words, path: str) -> tuple[Item, ...]:
        """The items of a list of products, as it came. A bad one is left out; EventRefused, with the place of the first
        below `path`, where all are bad."""
        raw = bytes(told)
        if raw in EMPTY:
            return ()
        key = raw, currency if currency is None or type(currency) is str else None
        items = self._lists.get(key)
        if items is None:
            before = self.dropped
            items = self._learn(told, key[1], path)
            if len(self._lists) >= self._most:
                self._lists.clear()
            if len(items) < 2 and len(raw) <= LONGEST_LIST and self.dropped == before:
                self._lists[key] = items  # lists of several hardly ever come again
        return items

    def item(self, product: Described, path: str) -> Item:
        """The item of one product."""
        try:
            item = self._items.get(product)
        except TypeError:  # something in it is a list or an object
            return self._made(product, path)
        if item is None:
            if len(self._items) >= self._most:
                self._items.clear()
            item = self._made(product, path)
            if all(len(part) <= LONGEST_TEXT for part in product if isinstance(part, str)):
                self._items[product] = item
        return item

    def _learn(self, told: msgspec.Raw, currency: Words, path: str) -> tuple[Item, ...]:
        try:
            elements = self._elements(told)
        except EventRefused as refused:
            raise below(path, refused) from refused
        if len(elements) > MOST:
            raise EventRefused("schema", path, f"{len(elements)} products, {MOST} are allowed")
        items: list[Item] = []
        bad: list[EventRefused] = []
        for place, element in enumerate(elements):
            try:
                items.append(self._element(element, currency, f"{path}.{place}"))
            except EventRefused as refused:
                bad.append(refused)
        if bad and not items:
            raise bad[0]
        self.dropped += len(bad)
        return tuple(items)

    def _element(self, element: msgspec.Raw, currency: Words, path: str) -> Item:
        try:
            product = self._read(element)
        except EventRefused as refused:
            raise below(path, refused) from refused
        return self.item(self._describe(product, currency), path)

    def _made(self, product: Described, path: str) -> Item:
        name, instead, title, variant, category, brand, price, currency, quantity = product
        title = titled(worded(title), worded(variant))
        told = {
            "id": pseudonymous(_id(first(name, instead), title, path)),
            "title": _text(title),
            "category": _text(worded(category)),
            "brand": _text(worded(brand)),
            "price": _price(price, f"{path}.price"),
            "currency": _currency(currency),
            "quantity": _quantity(quantity, f"{path}.quantity"),
        }
        try:
            return ITEM.validate_python(told)
        except ValidationError as exc:
            error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
            raise EventRefused("schema", f"{path}.{error['loc'][0]}", error["msg"]) from exc


ITEM = TypeAdapter(Item)


def titled(name: str | None, variant: str | None) -> str | None:
    """The name of a product with its variant, unless it says that itself."""
    if not name or not variant or variant.casefold() in name.casefold():
        return name
    return f"{name} ({variant})"


def _id(name: str | None, title: str | None, path: str) -> str:
    """Without an id the title stands for it, hashed: a title may say anything, and ids are kept as they are."""
    if name is not None:
        return name.strip()
    if not title:
        raise EventRefused("schema", path, "the product has neither an id nor a name")
    return f"name-{hashed(title)}"


def _text(text: str | None) -> str | None:
    return bounded(text, redact) if text else None


def _figure(figure: Figure, path: str) -> float | None:
    if figure is None or (isinstance(figure, str) and (not figure.strip() or figure in NOTHING)):
        return None
    if isinstance(figure, bool) or not isinstance(figure, int | float | str):
        raise EventRefused("schema", path, "is no number")
    try:
        number = float(figure)
    except ValueError as exc:
        raise EventRefused("schema", path, "is no number") from exc
    except OverflowError as exc:
        raise EventRefused("schema", path, "is no finite number") from exc
    if not isfinite(number):
        raise EventRefused("schema", path, "is no finite number")
    return number


def _price(figure: Figure, path: str) -> float | None:
    price = _figure(figure, path)
    return None if price is None or price >= HIGHEST_PRICE else price


def _quantity(figure: Figure, path: str) -> int:
    quantity = _figure(figure, path)
    return 1 if quantity is None else int(min(max(quantity, 0), MOST_PIECES))


def _currency(code: Words) -> str | None:
    """Codes of ISO 4217 have three letters; anything else says nothing."""
    return code if isinstance(code, str) and len(code) == 3 and code.isalpha() and code not in NOTHING else None
