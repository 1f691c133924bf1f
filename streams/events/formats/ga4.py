"""GA4: the recommended e-commerce events of Google Analytics 4, as its Measurement Protocol and its export send them.

A request of the Measurement Protocol holds up to 25 events of one client; a row of the BigQuery export, as JSON, one;
what a server container hands on is one event, with its parameters beside its name.
There is no event id: it is made of what identifies the event. Events of other names are ignored. Sources:
https://developers.google.com/analytics/devguides/collection/ga4/reference/events and
https://support.google.com/analytics/answer/7029846 (export schema).
"""

from collections.abc import Mapping, Sequence

import msgspec

from streams.errors import EventRefused
from streams.events.consent import PassedOver, answered, passed_over
from streams.events.event import Action, Consent, Item, ShopperEvent
from streams.events.formats.consent import is_denied, of_google, of_row
from streams.events.formats.products import Described, Shelf
from streams.events.formats.shapes import NONE, Figure, Shape, Words, below, bounded, derived, reader, shopper, text
from streams.events.redaction import Redact, hashed, redact
from streams.events.tcf import with_tcf
from streams.events.texts import first, worded
from streams.events.times import of_micros
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

    item_id: Words = None
    item_name: Words = None
    item_variant: Words = None
    item_brand: Words = None
    item_category: Words = None
    item_category2: Words = None
    item_category3: Words = None
    item_category4: Words = None
    item_category5: Words = None
    price: Figure = None
    quantity: Figure = None
    currency: Words = None


class Params(Shape, frozen=True):
    """The parameters of an event of the Measurement Protocol."""

    items: msgspec.Raw = NONE
    currency: Words = None
    search_term: Words = None
    transaction_id: Words = None
    session_id: Words = None
    minor: Words = None
    tc_string: Words = None


class Told(Shape, frozen=True):
    """One event of a request."""

    name: Words = None
    params: msgspec.Raw = msgspec.Raw(b"{}")
    timestamp_micros: Words = None


class Value(Shape, frozen=True):
    """The value of a parameter in the export."""

    string_value: Words = None
    int_value: Words = None
    double_value: Words = None


class Param(Shape, frozen=True):
    """A parameter in the export."""

    key: Words = None
    value: Value | None = None


class Ecommerce(Shape, frozen=True):
    """What the export tells of an order."""

    transaction_id: Words = None


class Carrier(Shape, frozen=True):
    """A request, with events, or a row, with an event's name; which of both is told by what it has."""

    events: list[Told] | None = None
    client_id: Words = None
    app_instance_id: Words = None
    user_id: Words = None
    timestamp_micros: Words = None
    event_name: Words = None
    event_timestamp: Words = None
    user_pseudo_id: Words = None
    event_bundle_sequence_id: Words = None
    batch_event_index: Words = None
    event_params: list[Param] | None = None
    items: msgspec.Raw = NONE
    ecommerce: Ecommerce | None = None
    privacy_info: msgspec.Raw = NONE
    consent: msgspec.Raw = NONE
    non_personalized_ads: Words = None


class Ga4:
    """Reads both carriers, told apart by what they cannot be without."""

    def __init__(self, redact_query: Redact = redact) -> None:
        self._redact, self._shelf = redact_query, Shelf(Product, _described)

    @property
    def items_dropped(self) -> int:
        """Products that could not be read, of events that could, so far."""
        return self._shelf.dropped

    def read(self, value: bytes, at_ms: int, name: str = "") -> Sequence[ShopperEvent | PassedOver | None]:
        """The events of a record, None for each that says nothing of what a shopper is after, or why one is passed
        over; or EventRefused.

        `at_ms` is the time to take where there is none, `name` the id of what the record stands in.
        """
        told = _read(value)
        if told.events is None and not _is_flat(told):
            return (self._row(told, name),)
        if not (events := told.events if told.events is not None else [Told(told.event_name, msgspec.Raw(value))]):
            raise EventRefused("schema", "events", "is an empty list: it says of no event")
        consent = of_google(told.consent, non_personalised=told.non_personalized_ads)
        try:
            who = shopper(WHO, told.user_id, told.client_id, told.app_instance_id)
        except EventRefused as refused:
            return [passed_over(refused, consent)] * len(events)
        if _is_given(told.timestamp_micros):
            at_ms = of_micros(told.timestamp_micros, "timestamp_micros")
        return [self._event(place, event, who, at_ms, name, consent) for place, event in enumerate(events)]

    def _event(
        self, place: int, told: Told, who: str, at_ms: int, name: str, consent: Consent | None
    ) -> ShopperEvent | PassedOver | None:
        if not isinstance(told.name, str) or worded(told.name) is None:
            raise EventRefused("schema", f"events.{place}.name", "says of no event")
        action = ACTIONS.get(told.name)
        if action is None:
            return None
        if _is_given(told.timestamp_micros):
            at_ms = of_micros(told.timestamp_micros, f"events.{place}.timestamp_micros")
        try:
            params = _read_params(told.params)
            items = self._items(params.items, params.currency)
        except EventRefused as refused:
            raise below(f"events.{place}.params", refused) from refused
        if answered(params.minor):
            return "minor"
        content = b"" if name else told.params
        name = derived(content, f"{name}\0{place}" if name else f"{who}\0{action}\0{at_ms}\0{place}\0")
        session, order = text(params.session_id), text(params.transaction_id)
        agreed = with_tcf(consent, params.tc_string)
        return made(name, who, action, at_ms, items, self._query(params.search_term), session, order, agreed)

    def _row(self, row: Carrier, name: str) -> ShopperEvent | PassedOver | None:
        if not isinstance(row.event_name, str) or worded(row.event_name) is None:
            raise EventRefused("schema", "events or event_name", "is neither a request nor a row of the export")
        action = ACTIONS.get(row.event_name)
        if action is None:
            return None
        try:
            who = shopper(ROW_WHO, row.user_id, row.user_pseudo_id)
        except EventRefused as refused:
            if refused.reason == "nobody" and is_denied(row.privacy_info):
                return "no_consent"
            raise
        if not _is_given(row.event_timestamp):
            raise EventRefused("schema", "event_timestamp", "is missing: a row of the export has one")
        at_ms = of_micros(row.event_timestamp, "event_timestamp")
        told = _params(row.event_params or ())
        if answered(_param(told, "minor")):
            return "minor"
        items = self._items(row.items, _param(told, "currency"))
        order = text(row.ecommerce.transaction_id) if row.ecommerce is not None else None
        if not name:
            place = f"{row.event_bundle_sequence_id}\0{row.batch_event_index}"
            name = derived(row.items, f"{who}\0{action}\0{row.event_timestamp}\0{place}\0")
        else:
            name = hashed(name)
        query, session = self._query(_param(told, "search_term")), text(_param(told, "ga_session_id"))
        agreed = with_tcf(of_row(row.privacy_info), _param(told, "tc_string"))
        return made(name, who, action, at_ms, items, query, session, order, agreed)

    def _items(self, products: msgspec.Raw, currency: Words) -> tuple[Item, ...]:
        return self._shelf.items(products, currency, "items")

    def _query(self, query: Words) -> str | None:
        words = None if query is None else worded(query)
        return words and bounded(words, self._redact)


PARAMS = frozenset({"currency", "search_term", "ga_session_id", "minor", "tc_string"})
"""The parameters of a row that are looked at."""

_read, _read_params = reader(Carrier), reader(Params)


def _is_flat(told: Carrier) -> bool:
    """An event as GA4's server container hands it on: its parameters stand beside its name and its client."""
    named = worded(told.event_name) if isinstance(told.event_name, str) else None
    of_client = told.client_id is not None or told.app_instance_id is not None
    return named is not None and of_client and told.user_pseudo_id is None and told.event_timestamp is None


def _is_given(time: Words) -> bool:
    return time is not None and (not isinstance(time, str) or worded(time) is not None)


def _described(product: Product, currency: Words) -> Described:
    levels = product.item_category, product.item_category2, product.item_category3, product.item_category4
    category = "/".join(filter(None, map(worded, (*levels, product.item_category5))))
    names = product.item_id, None, product.item_name, product.item_variant, category, product.item_brand
    return (*names, product.price, product.currency or currency, product.quantity)


def _params(params: Sequence[Param]) -> Mapping[str, Value | None]:
    told = {}
    for param in params:
        if isinstance(param.key, str) and param.key in PARAMS:
            told[param.key] = param.value
    return told


def _param(told: Mapping[str, Value | None], key: str) -> str | None:
    value = told.get(key)
    return None if value is None else first(value.string_value, value.int_value, value.double_value)
