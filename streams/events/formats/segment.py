"""Segment and RudderStack: e-commerce events, version 2, and the names of version 1.

Source: https://segment.com/docs/connections/spec/ecommerce/v2/ and .../spec/common/; RudderStack's are the same.
Tracked events of other names, and calls that track nothing (identify, page), are ignored.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from streams.errors import EventRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.products import Described, Shelf, titled
from streams.events.formats.shapes import (
    NONE,
    Figure,
    Name,
    Shape,
    bounded,
    derived,
    kept,
    reader,
    shopper,
    text,
    time_ms,
)
from streams.events.redaction import Redact, hashed, redact
from streams.events.wire import made

ACTIONS: Mapping[str, Action] = {
    "products searched": "search",
    "product list viewed": "list_view",
    "product list filtered": "list_view",
    "viewed product category": "list_view",
    "product clicked": "click",
    "clicked product": "click",
    "product viewed": "view",
    "viewed product": "view",
    "product added": "cart_add",
    "added product": "cart_add",
    "wishlist product added to cart": "cart_add",
    "product removed": "cart_remove",
    "removed product": "cart_remove",
    "cart viewed": "cart_view",
    "checkout started": "checkout",
    "started order": "checkout",
    "checkout step viewed": "checkout",
    "viewed checkout step": "checkout",
    "checkout step completed": "checkout",
    "completed checkout step": "checkout",
    "payment info entered": "checkout",
    "order completed": "purchase",
    "completed order": "purchase",
    "order refunded": "refund",
    "order cancelled": "refund",
    "product added to wishlist": "wishlist_add",
}
"""What is done, by the event's name in lower case."""


WHO = ("userId", "anonymousId")


class Product(Shape, frozen=True):
    """One product of a list, or the one that an event is about."""

    product_id: Name = None
    sku: Name = None
    name: str | None = None
    variant: str | None = None
    category: str | None = None
    brand: str | None = None
    price: Figure = None
    quantity: Figure = None
    currency: str | None = None


class Properties(Product, frozen=True):
    """What an event says beyond who and when."""

    query: Any = None
    order_id: Name = None
    products: msgspec.Raw = NONE


class Call(Shape, frozen=True, rename="camel"):
    """What all calls have."""

    type: str = "track"
    event: str | None = None
    message_id: str | None = None
    user_id: Name = None
    anonymous_id: Name = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    received_at: datetime | None = None


class Told(Call, frozen=True, rename="camel"):
    """A call with what it says of products."""

    properties: Properties | None = None


class Bare(Call, frozen=True, rename="camel"):
    """A call whose properties are not looked at: those of an event that is not asked for may be anything."""

    properties: msgspec.Raw = NONE


class Segment:
    """Reads calls of these libraries, one a record."""

    def __init__(self, redact_query: Redact = redact) -> None:
        self._redact, self._shelf = redact_query, Shelf(Product, _described)

    def read(self, value: bytes, at_ms: int, name: str = "") -> Sequence[ShopperEvent | None]:
        """The event, None for one that says nothing of what a shopper is after; EventRefused for what is none.

        `at_ms` and `name` are a time and an id to take where the event has none.
        """
        try:
            told = _read(value)
        except EventRefused:
            if _action(_read_bare(value)) is None:
                return (None,)
            raise
        action = _action(told)
        if action is None:
            return (None,)
        who, properties = shopper(WHO, told.user_id, told.anonymous_id), told.properties or NOTHING
        moment = told.timestamp or told.original_timestamp or told.received_at
        if moment is not None:
            at_ms = time_ms(moment, "timestamp")
        own = told.message_id
        name = kept(own) if own else hashed(name) if name else _derived(value, f"{who}\0{action}\0{at_ms}\0")
        items, query, order = self._items(properties), properties.query, properties.order_id
        query = bounded(query, self._redact) if isinstance(query, str) else None
        return (made(name, who, action, at_ms, items, query, None, text(order)),)

    def _items(self, properties: Properties) -> tuple[Item, ...]:
        """The products of the list, else the one that the properties themselves are."""
        if properties.products not in (NONE, NULL):
            return self._shelf.items(properties.products, properties.currency, "properties.products")
        if properties.product_id is None and properties.sku is None and properties.name is None:
            return ()
        return (self._shelf.item(_described(properties, None), "properties"),)


_read, _read_bare = reader(Told), reader(Bare)
NOTHING, NULL = Properties(), msgspec.Raw(b"null")


def _action(call: Call) -> Action | None:
    return ACTIONS.get(call.event.lower()) if call.event and call.type == "track" else None


def _derived(value: bytes, told: str) -> str:
    """Of a call that is sent again, all but the times of sending is the same."""
    return derived(_read_bare(value).properties, told)


def _described(product: Product, currency: str | None) -> Described:
    return (
        product.sku if product.product_id is None else product.product_id,
        titled(product.name, product.variant) if product.variant else product.name,
        product.category,
        product.brand,
        product.price,
        product.currency or currency,
        product.quantity,
    )
