"""Products: the items that foreign events describe, checked and redacted once and remembered."""

from collections.abc import Callable
from math import isfinite
from typing import Generic, TypeVar

import msgspec
from pydantic import TypeAdapter, ValidationError

from streams.errors import EventRefused
from streams.events.event import Item
from streams.events.formats.shapes import NONE, NOT_SET, Figure, Name, below, bounded, reader
from streams.events.redaction import HIGHEST_PRICE, hashed, pseudonymous, redact
from streams.events.wire import LONGEST_LIST, LONGEST_TEXT, PRODUCTS

MOST, MOST_PIECES = 200, 1_000_000
"""Items of one event at most, and pieces of one item, as in the native form."""

Described = tuple[Name, str | None, str | None, str | None, Figure, str | None, Figure]
"""A product as it is described: id, title, category, brand, price, currency and quantity. The id may be missing where
there is a title."""

T = TypeVar("T")


class Shelf(Generic[T]):
    """Makes items. The same product comes in the same words again and again: events that show it share one Item.

    `product` is the shape of an element of a list; `describe` tells, with the list's currency, what it means. At most
    `most` products are remembered.
    """

    def __init__(
        self,
        product: type[T],
        describe: Callable[[T, str | None], Described],
        most: int = PRODUCTS,
    ) -> None:
        self._describe, self._most = describe, most
        self._read = reader(list[product])  # type: ignore[valid-type] # it is a type, if not one of a name
        self._items: dict[Described, Item] = {}
        self._lists: dict[tuple[bytes, str | None], tuple[Item, ...]] = {}

    def items(self, told: msgspec.Raw, currency: str | None, path: str) -> tuple[Item, ...]:
        """The items of a list of products, as it came; EventRefused with the place of a bad one below `path`."""
        if told is NONE:
            return ()
        key = bytes(told), currency
        items = self._lists.get(key)
        if items is None:
            items = self._learn(told, currency, path)
            if len(self._lists) >= self._most:
                self._lists.clear()
            if len(items) < 2 and len(key[0]) <= LONGEST_LIST:  # lists of several hardly ever come again
                self._lists[key] = items
        return items

    def item(self, product: Described, path: str) -> Item:
        """The item of one product."""
        item = self._items.get(product)
        if item is None:
            if len(self._items) >= self._most:
                self._items.clear()
            item = self._made(product, path)
            if all(len(part) <= LONGEST_TEXT for part in product if isinstance(part, str)):
                self._items[product] = item
        return item

    def _learn(self, told: msgspec.Raw, currency: str | None, path: str) -> tuple[Item, ...]:
        try:
            products = [] if bytes(told) == b"null" else self._read(told)
        except EventRefused as refused:
            raise below(path, refused) from refused
        if len(products) > MOST:
            raise EventRefused("schema", path, f"{len(products)} products, {MOST} are allowed")
        described = [self._describe(product, currency) for product in products]
        return tuple([self.item(each, f"{path}.{place}") for place, each in enumerate(described)])

    def _made(self, product: Described, path: str) -> Item:
        name, title, category, brand, price, currency, quantity = product
        told = {
            "id": pseudonymous(_id(name, title, path)),
            "title": _text(title),
            "category": _text(category),
            "brand": _text(brand),
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
    if not name or not variant or variant == NOT_SET or variant.casefold() in name.casefold():
        return name
    return f"{name} ({variant})"


def _id(name: Name, title: str | None, path: str) -> str:
    """Without an id the title stands for it, hashed: a title may say anything, and ids are kept as they are."""
    if told := "" if name is None else str(name).strip():
        return told
    if not title:
        raise EventRefused("schema", path, "the product has neither an id nor a name")
    return f"name-{hashed(title)}"


def _text(text: str | None) -> str | None:
    return bounded(text, redact) if text and text != NOT_SET else None


def _figure(figure: Figure, path: str) -> float | None:
    if figure is None or figure == "":
        return None
    try:
        number = float(figure)
    except ValueError as exc:
        raise EventRefused("schema", path, "is no number") from exc
    if not isfinite(number):
        raise EventRefused("schema", path, "is no finite number")
    return number


def _price(figure: Figure, path: str) -> float | None:
    price = _figure(figure, path)
    return None if price is None or price >= HIGHEST_PRICE else price


def _quantity(figure: Figure, path: str) -> int:
    quantity = _figure(figure, path)
    return 1 if quantity is None else int(min(max(quantity, 0), MOST_PIECES))


def _currency(code: str | None) -> str | None:
    """Codes of ISO 4217 have three letters; anything else says nothing."""
    return code if code and len(code) == 3 and code.isalpha() else None
