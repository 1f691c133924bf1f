"""Snowplow: e-commerce actions, and site searches, of enriched events as JSON (the form of its Analytics SDKs).

Snowbridge's `spEnrichedToJson` writes that form to Kafka. The data stands in entities beside the action; of those with
addresses and e-mail (user, checkout step) nothing is read but the user's id. Other events are ignored.
Source: https://github.com/snowplow/iglu-central, schemas/com.snowplowanalytics.snowplow.ecommerce.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from streams.errors import EventRefused
from streams.events.consent import PassedOver, passed_over
from streams.events.event import Action, Consent, ShopperEvent
from streams.events.formats.products import Described, Shelf
from streams.events.formats.shapes import (
    NONE,
    Figure,
    Shape,
    Words,
    bounded,
    derived,
    kept,
    reader,
    shopper,
    text,
    time_ms,
    visit,
)
from streams.events.redaction import Redact, hashed, redact
from streams.events.texts import worded
from streams.events.wire import made

ACTIONS: Mapping[str, Action] = {
    "product_view": "view",
    "list_click": "click",
    "list_view": "list_view",
    "add_to_cart": "cart_add",
    "remove_from_cart": "cart_remove",
    "checkout_step": "checkout",
    "transaction": "purchase",
    "refund": "refund",
}

ECOMMERCE = "com_snowplowanalytics_snowplow_ecommerce"
NAMES = {
    "action": f"unstruct_event_{ECOMMERCE}_snowplow_ecommerce_action_1",
    "search": "unstruct_event_com_snowplowanalytics_snowplow_site_search_1",
    "products": f"contexts_{ECOMMERCE}_product_1",
    "transactions": f"contexts_{ECOMMERCE}_transaction_1",
    "refunds": f"contexts_{ECOMMERCE}_refund_1",
    "users": f"contexts_{ECOMMERCE}_user_1",
}
"""The keys of the enriched event: the schema's vendor, name and major version."""

WHO = (NAMES["users"] + ".0.id", "user_id", "domain_userid", "network_userid", "domain_sessionid")
"""From who logged in to whose browser it is, and which visit, whose id is a UUID."""

NIL = "00000000-0000-0000-0000-000000000000"
"""The network's id of a shopper whom the tracker asked the collector to make anonymous (SP-Anonymous)."""

ANONYMOUS = Consent(personalisation=False)


class Done(Shape, frozen=True):
    """The action."""

    type: Words = None


class Search(Shape, frozen=True):
    """A site search."""

    terms: list[Words] | Words = None


class Product(Shape, frozen=True):
    """A product entity."""

    id: Words = None
    name: Words = None
    variant: Words = None
    category: Words = None
    brand: Words = None
    price: Figure = None
    currency: Words = None
    quantity: Figure = None


class Order(Shape, frozen=True):
    """A transaction or refund entity."""

    transaction_id: Words = None


class User(Shape, frozen=True):
    """A user entity; its e-mail is not read."""

    id: Words = None


class Told(Shape, frozen=True, rename=lambda field: NAMES.get(field, field)):
    """An enriched event."""

    event: Words = None
    event_name: Words = None
    event_id: Words = None
    user_id: Words = None
    domain_userid: Words = None
    network_userid: Words = None
    domain_sessionid: Words = None
    derived_tstamp: datetime | None = None
    collector_tstamp: datetime | None = None
    action: Done | None = None
    search: Search | None = None
    products: msgspec.Raw = NONE
    transactions: list[Order] | None = None
    refunds: list[Order] | None = None
    users: list[User] | None = None


class Snowplow:
    """Reads enriched events, one a record."""

    def __init__(self, redact_query: Redact = redact) -> None:
        self._redact, self._shelf = redact_query, Shelf(Product, _described)

    @property
    def items_dropped(self) -> int:
        """Products that could not be read, of events that could, so far."""
        return self._shelf.dropped

    def read(self, value: bytes, at_ms: int, name: str = "") -> Sequence[ShopperEvent | PassedOver | None]:
        """The event, None for one that says nothing of what a shopper is after; `no_consent` for one whose shopper the
        collector made anonymous; EventRefused for a value that is no
        such event.

        `at_ms` and `name` are a time and an id to take where the event has none.
        """
        told = _read(value)
        action = _action(told)
        if action is None:
            return (None,)
        user = told.users[0].id if told.users else None
        session = told.domain_sessionid
        try:
            who = shopper(WHO, user, told.user_id, told.domain_userid, told.network_userid, visit(session))
        except EventRefused as refused:
            return (passed_over(refused, ANONYMOUS if told.network_userid == NIL else None),)
        moment = told.derived_tstamp or told.collector_tstamp
        if moment is not None:
            at_ms = time_ms(moment, "derived_tstamp")
        own = kept(told.event_id)
        name = own or (hashed(name) if name else derived(value, f"{who}\0{action}\0{at_ms}\0"))
        items = self._shelf.items(told.products, None, NAMES["products"])
        orders = told.transactions or told.refunds
        order = text(orders[0].transaction_id) if orders else None
        return (made(name, who, action, at_ms, items, self._query(told.search), text(session), order),)

    def _query(self, search: Search | None) -> str | None:
        terms = search.terms if search else None
        words = " ".join(filter(None, map(worded, terms if isinstance(terms, list) else [terms])))
        return bounded(words, self._redact) if words else None


def _action(told: Told) -> Action | None:
    """What is done; None for an event of no interest. EventRefused for a record that says of no event."""
    if told.search:
        return "search"
    if told.action:
        kind = worded(told.action.type)
        if kind is None:
            raise EventRefused("schema", f"{NAMES['action']}.type", "says of no action")
        return ACTIONS.get(kind)
    if worded(told.event) is None and worded(told.event_name) is None:
        raise EventRefused("schema", "event or event_name", "says of no event")
    return None


_read = reader(Told)


def _described(product: Product, _: Words) -> Described:
    return (
        product.id,
        None,
        product.name,
        product.variant,
        product.category,
        product.brand,
        product.price,
        product.currency,
        product.quantity,
    )
