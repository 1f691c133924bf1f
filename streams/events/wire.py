"""Wire: the quick way from JSON to a shopper event, for records that are just as they should be. Pure.

It says yes or it says nothing: whatever it does not take is for decoding.py to look at closely, with pydantic, which
decides and tells why. Most records are good, and those take less time this way. What it takes
is what pydantic would make of it, but that a field nobody asked for may be nested deeper, or be a longer number. Then
texts are redacted (streams/events/redaction.py), products' once and for all.
"""

import re
from dataclasses import replace
from typing import Annotated, Any, get_type_hints

import msgspec
from pydantic import TypeAdapter

from streams.events.consent import consent_of
from streams.events.event import Action, Consent, Item, ShopperEvent
from streams.events.placeholders import SPELLINGS, is_placeholder, is_plain_placeholder
from streams.events.redaction import HIGHEST_PRICE, Redact, pseudonymous, redact
from streams.events.tcf import with_tcf
from streams.events.texts import worded
from streams.events.times import EARLIEST_MS, LATEST_MS

PRODUCTS = 65_536
"""Products remembered at most."""

SHOPPERS = 16_384
"""Shoppers remembered at most."""

LONGEST_LIST = 2_048
"""Bytes of a list of products that is remembered as it came."""

LONGEST_TEXT = 1_000
"""Characters of a text at most, as streams/events/event.py has it."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)]


class ToldConsent(msgspec.Struct, gc=False):
    """What a record says of purposes."""

    personalisation: bool | None = None
    advertising: bool | None = None
    tcf: str | None = None


class Told(msgspec.Struct, gc=False):
    """What a record says, as streams/events/event.py has it, with its items still as they came."""

    event_id: Id
    shopper_id: Id
    action: Action
    time_ms: Annotated[int, msgspec.Meta(ge=EARLIEST_MS, le=LATEST_MS)]
    items: msgspec.Raw = msgspec.Raw(b"[]")
    query: Text | None = None
    session_id: Text | None = None
    order_id: Text | None = None
    consent: ToldConsent | None = None
    minor: bool | None = None


class Wire:
    """Reads records. Products are described in the same words again and again: they are validated once and remembered.

    So events of the same product share one Item, and sessions that keep it stay small. At most `products` are
    remembered.
    """

    def __init__(self, products: int, redact_query: Redact = redact) -> None:
        self._most, self._redact_query = products, redact_query
        self._items: dict[bytes, tuple[Item, ...]] = {}
        self._shared: dict[Item, Item] = {}
        self._shoppers: set[str] = set()

    def read(self, value: bytes) -> ShopperEvent | None:
        """The event, or None for a record that needs a closer look."""
        try:
            if not value.isascii():
                value.decode()  # msgspec does not look at the text of fields that nobody asked for
            told = _decode(value)
            raw = bytes(told.items)
            items = self._items.get(raw)
            if items is None:
                items = self._learn(raw)
        except _DOUBTS:
            return None
        event_id, shopper_id, query = told.event_id, told.shopper_id, told.query
        if shopper_id not in self._shoppers:
            if not self.is_somebody(shopper_id):
                return None
            self._meets(shopper_id)
        if not event_id.isalnum() or event_id in SPELLINGS:
            named = self.event_id(event_id)
            if named is None:
                return None
            event_id = named
        if told.minor:
            return None
        consent, order_id = told.consent, told.order_id
        return made(
            event_id,
            shopper_id,
            told.action,
            told.time_ms,
            items,
            self.query(query) if query else None,
            told.session_id or None,
            self.order_id(order_id) if order_id else None,
            None if consent is None else self.consent(consent.personalisation, consent.advertising, consent.tcf),
        )

    def redacted(self, event: ShopperEvent) -> ShopperEvent:
        """An event that came another way, as this one would have made it."""
        return made(
            pseudonymous(event.event_id),
            event.shopper_id,
            event.action,
            event.time_ms,
            tuple(map(self._share, event.items)),
            self.query(event.query) if event.query else None,
            event.session_id or None,
            self.order_id(event.order_id) if event.order_id else None,
            event.consent,
        )

    def is_somebody(self, shopper_id: str) -> bool:
        """Whether the id can be one shopper's."""
        if _PLAIN(shopper_id):
            return not is_plain_placeholder(shopper_id)
        return not _FORBIDDEN(shopper_id) and not is_placeholder(shopper_id)

    def event_id(self, told: str) -> str | None:
        """An event's id without personal data; None for one that needs a closer look."""
        if not told.isalnum():
            if _FORBIDDEN(told):
                return None
            told = pseudonymous(told)
        return None if told in SPELLINGS else told

    def items(self, raw: bytes) -> tuple[Item, ...] | None:
        """The products of a list as it came; None for one that needs a closer look."""
        try:
            return self._read_items(raw)
        except _DOUBTS:
            return None

    def query(self, told: str) -> str | None:
        """A search without personal data, None for one without words."""
        return (worded(told) and self._redact_query(told)) or None

    def order_id(self, told: str) -> str | None:
        """An order's id, None for one that stands for nothing."""
        return worded(told)

    def consent(self, personalisation: bool | None, advertising: bool | None, tcf: str | None) -> Consent | None:  # noqa: FBT001 - what is said
        """What is said of purposes, in words or by a TCF string."""
        consent = consent_of(personalisation, advertising)
        return consent if tcf is None else with_tcf(consent, tcf)

    def _meets(self, shopper_id: str) -> None:
        """Remember somebody, for most events are of somebody known."""
        if len(self._shoppers) >= SHOPPERS:
            self._shoppers.clear()
        self._shoppers.add(shopper_id)

    def _learn(self, raw: bytes) -> tuple[Item, ...]:
        items = self._read_items(raw)
        if len(items) < 2 and len(raw) <= LONGEST_LIST:  # lists of several hardly ever come again
            if len(self._items) >= self._most:
                self._items.clear()
            self._items[raw] = items
        return items

    def _read_items(self, raw: bytes) -> tuple[Item, ...]:
        items = tuple([self._share(item) for item in ITEMS.validate_json(raw)])
        if not all(worded(item.id) for item in items):
            raise ValueError("a product without an id")
        return items

    def _share(self, item: Item) -> Item:
        item = redacted(item)
        if len(self._shared) >= self._most:
            self._shared.clear()
        return self._shared.setdefault(item, item)


def redacted(item: Item) -> Item:
    """The item without personal data."""
    name, texts = pseudonymous(item.id), (item.title, item.category, item.brand)
    title, category, brand = clean = tuple([redact(text) if worded(text) else None for text in texts])
    price = item.price if item.price is None or item.price < HIGHEST_PRICE else None
    currency = worded(item.currency)
    if name == item.id and clean == texts and price == item.price and currency == item.currency:
        return item
    return replace(item, id=name, title=title, category=category, brand=brand, price=price, currency=currency)


ITEMS: TypeAdapter[tuple[Item, ...]] = TypeAdapter(get_type_hints(ShopperEvent, include_extras=True)["items"])
_DOUBTS = (msgspec.DecodeError, ValueError, RecursionError)  # ValueError: what is no UTF-8, and pydantic's errors
_decode = msgspec.json.Decoder(Told).decode
_new = object.__new__
_PLAIN = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f{}]").search


class _Unsealed:
    """An event whose fields can still be set."""

    __slots__ = ShopperEvent.__slots__


def made(
    event_id: str,
    shopper_id: str,
    action: Action,
    time_ms: int,
    items: tuple[Item, ...],
    query: str | None,
    session_id: str | None,
    order_id: str | None,
    consent: Consent | None = None,
) -> ShopperEvent:
    """An event of parts known to be good: its constructor would validate them again, at the cost of all the rest. Its
    class seals it at last: to set nine fields of a sealed one takes three times as long."""
    event: Any = _new(_Unsealed)
    event.event_id = event_id
    event.shopper_id = shopper_id
    event.action = action
    event.time_ms = time_ms
    event.items = items
    event.query = query
    event.session_id = session_id
    event.order_id = order_id
    event.consent = consent
    event.__class__ = ShopperEvent
    return event  # type: ignore[no-any-return] # what it has become
