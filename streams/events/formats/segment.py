"""Segment and RudderStack: e-commerce events, version 2, and the names of version 1.

Source: https://segment.com/docs/connections/spec/ecommerce/v2/ and .../spec/common/; RudderStack's are the same.
Tracked events of other names, and calls that track nothing (identify, page), are ignored.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from streams.errors import EventRefused
from streams.events.consent import PassedOver, answered, passed_over
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.consent import of_segment
from streams.events.formats.products import Described, Shelf
from streams.events.formats.shapes import (
    EMPTY,
    NONE,
    Figure,
    Shape,
    Words,
    below,
    bounded,
    derived,
    kept,
    listed,
    reader,
    shopper,
    text,
    time_ms,
)
from streams.events.redaction import Redact, hashed, redact
from streams.events.texts import worded
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

    product_id: Words = None
    sku: Words = None
    name: Words = None
    variant: Words = None
    category: Words = None
    brand: Words = None
    price: Figure = None
    quantity: Figure = None
    currency: Words = None


class Properties(Product, frozen=True):
    """What an event says beyond who and when."""

    query: Words = None
    order_id: Words = None
    minor: Words = None
    products: msgspec.Raw = NONE


class Call(Shape, frozen=True, rename="camel"):
    """What all calls have."""

    type: Words = "track"
    event: Words = None
    message_id: Words = None
    user_id: Words = None
    anonymous_id: Words = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    received_at: datetime | None = None
    batch: msgspec.Raw = NONE
    context: msgspec.Raw = NONE


class Told(Call, frozen=True, rename="camel"):
    """A call with what it says of products."""

    properties: Properties | None = None


class Bare(Call, frozen=True, rename="camel"):
    """A call whose properties and times are not looked at: those of an event that is not asked for may be anything."""

    timestamp: Any = None
    original_timestamp: Any = None
    received_at: Any = None
    properties: msgspec.Raw = NONE


class Segment:
    """Reads calls of these libraries, one a record, or many in the body of a request (`batch`)."""

    def __init__(self, redact_query: Redact = redact) -> None:
        self._redact, self._shelf = redact_query, Shelf(Product, _described)

    @property
    def items_dropped(self) -> int:
        """Products that could not be read, of events that could, so far."""
        return self._shelf.dropped

    def read(self, value: bytes, at_ms: int, name: str = "") -> Sequence[ShopperEvent | PassedOver | None]:
        """The events, None for each that says nothing of what a shopper is after, or why one is passed over;
        EventRefused for a value that is no such event.

        `at_ms` and `name` are a time and an id to take where the event has none.
        """
        told = _read_call(value)
        if told.batch is NONE:
            return (self._event(told, value, at_ms, name),)
        calls = listed(told.batch, "batch")
        return [self._of_batch(call, place, at_ms, name) for place, call in enumerate(calls)]

    def _of_batch(self, call: msgspec.Raw, place: int, at_ms: int, name: str) -> ShopperEvent | PassedOver | None:
        try:
            return self._event(_read_call(bytes(call)), bytes(call), at_ms, name and f"{name}\0{place}")
        except EventRefused as refused:
            raise below(f"batch.{place}", refused) from refused

    def _event(self, told: Call, value: bytes, at_ms: int, name: str) -> ShopperEvent | PassedOver | None:
        action = _action(told)
        if action is None:
            return None
        properties = told.properties if isinstance(told, Told) and told.properties else NOTHING
        consent, minor = of_segment(told.context)
        if minor or answered(properties.minor):
            return "minor"
        try:
            who = shopper(WHO, told.user_id, told.anonymous_id)
        except EventRefused as refused:
            return passed_over(refused, consent)
        moment = told.timestamp or told.original_timestamp or told.received_at
        if moment is not None:
            at_ms = time_ms(moment, "timestamp")
        own = kept(told.message_id)
        name = own or (hashed(name) if name else _derived(value, f"{who}\0{action}\0{at_ms}\0"))
        query = None if properties.query is None else worded(properties.query)
        query = query and bounded(query, self._redact)
        items, order = self._items(properties), text(properties.order_id)
        return made(name, who, action, at_ms, items, query, None, order, consent)

    def _items(self, properties: Properties) -> tuple[Item, ...]:
        """The products of the list, else the one that the properties themselves are."""
        if properties.products is not NONE and bytes(properties.products) not in EMPTY:
            return self._shelf.items(properties.products, properties.currency, "properties.products")
        if properties.product_id in NO_TEXT and properties.sku in NO_TEXT and properties.name in NO_TEXT:
            return ()
        return (self._shelf.item(_described(properties, None), "properties"),)


_read, _read_bare = reader(Told), reader(Bare)
NOTHING, NO_TEXT = Properties(), (None, "")


def _read_call(value: bytes) -> Call:
    """The call; with only what all calls have where it is none of interest and the rest cannot be read."""
    try:
        return _read(value)
    except EventRefused:
        bare = _read_bare(value)
        if bare.batch is NONE and _action(bare) is None:
            return bare
        raise


def _action(call: Call) -> Action | None:
    """What is done; None for a call that tracks nothing of interest. EventRefused for one that says of no event."""
    if call.type != "track":
        return None
    known = ACTIONS.get(call.event.lower()) if isinstance(call.event, str) else None
    if known is None and not (isinstance(call.event, str) and worded(call.event)):
        raise EventRefused("schema", "event", "says of no event")
    return known


def _derived(value: bytes, told: str) -> str:
    """Of a call that is sent again, all but the times of sending is the same."""
    return derived(_read_bare(value).properties, told)


def _described(product: Product, currency: Words) -> Described:
    return (
        product.product_id,
        product.sku,
        product.name,
        product.variant,
        product.category,
        product.brand,
        product.price,
        product.currency or currency,
        product.quantity,
    )
