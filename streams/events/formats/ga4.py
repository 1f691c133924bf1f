"""GA4: the recommended e-commerce events of Google Analytics 4, as its Measurement Protocol and its export send them.

A request of the Measurement Protocol holds up to 25 events of one client; a row of the BigQuery export, as JSON, one.
There is no event id: it is made of what identifies the event. Events of other names are ignored.
Sources: https://developers.google.com/analytics/devguides/collection/ga4/reference/events and
https://support.google.com/analytics/answer/7029846 (export schema).
"""

from collections.abc import Mapping, Sequence

import msgspec

from streams.errors import EventRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.products import Described, Shelf, titled
from streams.events.formats.shapes import (
    NONE,
    NOT_SET,
    Figure,
    Name,
    Shape,
    below,
    bounded,
    checked_ms,
    derived,
    reader,
    shopper,
    text,
)
from streams.events.redaction import Redact, hashed, redact
from streams.events.wire import made

ACTIONS: Mapping[str, Action] = {
    "view_item": "view",
    "select_item": "click",
    "view_item_list": "list_view",
    "search": "search",
    "view_search_results": "search",
    "add_to_cart": "cart_add",
    "remove_from_cart": "cart_remove",
    "view_cart": "cart_view",
    "begin_checkout": "checkout",
    "add_shipping_info": "checkout",
    "add_payment_info": "checkout",
    "purchase": "purchase",
    "refund": "refund",
    "add_to_wishlist": "wishlist_add",
}


WHO, ROW_WHO = ("user_id", "client_id", "app_instance_id"), ("user_id", "user_pseudo_id")


class Product(Shape, frozen=True):
    """An element of `items`."""

    item_id: Name = None
    item_name: str | None = None
    item_variant: str | None = None
    item_brand: str | None = None
    item_category: str | None = None
    item_category2: str | None = None
    item_category3: str | None = None
    item_category4: str | None = None
    item_category5: str | None = None
    price: Figure = None
    quantity: Figure = None
    currency: str | None = None


class Params(Shape, frozen=True):
    """The parameters of an event of the Measurement Protocol."""

    items: msgspec.Raw = NONE
    currency: str | None = None
    search_term: str | None = None
    transaction_id: Name = None
    session_id: Name = None


class Told(Shape, frozen=True):
    """One event of a request."""

    name: str
    params: msgspec.Raw = msgspec.Raw(b"{}")
    timestamp_micros: int | str | None = None


class Value(Shape, frozen=True):
    """The value of a parameter in the export; those with decimals are none that we ask for."""

    string_value: str | None = None
    int_value: Name = None


class Param(Shape, frozen=True):
    """A parameter in the export."""

    key: str
    value: Value | None = None


class Ecommerce(Shape, frozen=True):
    """What the export tells of an order."""

    transaction_id: Name = None


class Carrier(Shape, frozen=True):
    """A request, with events, or a row, with an event's name; which of both is told by what it has."""

    events: list[Told] | None = None
    client_id: Name = None
    app_instance_id: str | None = None
    user_id: Name = None
    timestamp_micros: int | str | None = None
    event_name: str | None = None
    event_timestamp: int | str | None = None
    user_pseudo_id: Name = None
    event_bundle_sequence_id: Name = None
    batch_event_index: Name = None
    event_params: list[Param] | None = None
    items: msgspec.Raw = NONE
    ecommerce: Ecommerce | None = None


class Ga4:
    """Reads both carriers, told apart by what they cannot be without."""

    def __init__(self, redact_query: Redact = redact) -> None:
        self._redact, self._shelf = redact_query, Shelf(Product, _described)

    def read(self, value: bytes, at_ms: int, name: str = "") -> Sequence[ShopperEvent | None]:
        """The events of a record, None for each that says nothing of what a shopper is after; or EventRefused.

        `at_ms` is the time to take where there is none, `name` the id of what the record stands in.
        """
        told = _read(value)
        if told.events is None:
            return (self._row(told, name),)
        who = shopper(WHO, told.user_id, told.client_id, told.app_instance_id)
        if told.timestamp_micros is not None:
            at_ms = _ms(told.timestamp_micros, "timestamp_micros")
        return [self._told(place, event, who, at_ms, name) for place, event in enumerate(told.events)]

    def _told(self, place: int, told: Told, who: str, at_ms: int, name: str) -> ShopperEvent | None:
        action = ACTIONS.get(told.name)
        if action is None:
            return None
        try:
            params = _read_params(told.params)
            if told.timestamp_micros is not None:
                at_ms = _ms(told.timestamp_micros, "timestamp_micros")
            items = self._items(params.items, params.currency)
        except EventRefused as refused:
            raise below(f"events.{place}.params", refused) from refused
        content = b"" if name else told.params
        name = derived(content, f"{name}\0{place}" if name else f"{who}\0{action}\0{at_ms}\0{place}\0")
        query, session, order = params.search_term, text(params.session_id), text(params.transaction_id)
        return made(name, who, action, at_ms, items, query and self._query(query), session, order)

    def _row(self, row: Carrier, name: str) -> ShopperEvent | None:
        if row.event_name is None or row.event_timestamp is None:
            raise EventRefused("schema", "events or event_name", "is neither a request nor a row of the export")
        action = ACTIONS.get(row.event_name)
        if action is None:
            return None
        who = shopper(ROW_WHO, row.user_id, row.user_pseudo_id)
        at_ms = _ms(row.event_timestamp, "event_timestamp")
        told = _params(row.event_params or ())
        items = self._items(row.items, _param(told, "currency"))
        order = text(row.ecommerce.transaction_id) if row.ecommerce is not None else None
        if not name:
            place = f"{row.event_bundle_sequence_id}\0{row.batch_event_index}"
            name = derived(row.items, f"{who}\0{action}\0{row.event_timestamp}\0{place}\0")
        else:
            name = hashed(name)
        query, session = _param(told, "search_term"), _param(told, "ga_session_id")
        return made(name, who, action, at_ms, items, query and self._query(query), session, order)

    def _items(self, products: msgspec.Raw, currency: str | None) -> tuple[Item, ...]:
        return self._shelf.items(products, currency, "items")

    def _query(self, query: str) -> str:
        return bounded(query, self._redact)


PARAMS = frozenset({"currency", "search_term", "ga_session_id"})
"""The parameters of a row that are looked at."""

_read, _read_params = reader(Carrier), reader(Params)


def _described(product: Product, currency: str | None) -> Described:
    levels = product.item_category, product.item_category2, product.item_category3, product.item_category4
    category = "/".join(level for level in (*levels, product.item_category5) if level and level != NOT_SET)
    return (
        None if product.item_id == NOT_SET else product.item_id,
        titled(product.item_name, product.item_variant),
        category,
        product.item_brand,
        product.price,
        product.currency or currency,
        product.quantity,
    )


def _params(params: Sequence[Param]) -> Mapping[str, Value | None]:
    told = {}
    for param in params:
        if param.key in PARAMS:
            told[param.key] = param.value
    return told


def _param(told: Mapping[str, Value | None], key: str) -> str | None:
    value = told.get(key)
    return None if value is None else text(value.string_value or value.int_value)


def _ms(micros: int | str, path: str) -> int:
    try:
        return checked_ms(int(micros) // 1_000, path)
    except ValueError as exc:
        raise EventRefused("schema", path, "is no whole number of microseconds") from exc
