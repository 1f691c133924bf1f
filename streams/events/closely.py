"""Closely: native records that the quick way (streams/events/wire.py) does not take are read all the same, or refused.

Producers in other languages write numbers for text and empty text for nothing. Both are read for what they are meant.
A product that cannot be read is left out, unless there is no other. Pure.
"""

from dataclasses import fields, replace
from math import isnan
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from streams.errors import EventRefused
from streams.events.consent import PassedOver, answered, consent_of, passed_over
from streams.events.event import Item, ShopperEvent
from streams.events.placeholders import is_placeholder, is_unique
from streams.events.redaction import hashed, is_personal
from streams.events.signatures import plain
from streams.events.tcf import with_tcf
from streams.events.texts import worded
from streams.events.times import EARLIEST_MS, LATEST_MS, wrong_unit

DETAIL = 200
"""Characters of a detail at most."""

TEXTS = ("event_id", "shopper_id", "session_id", "order_id", "query")
ITEM_TEXTS, FIGURES = ("id", "title", "category", "brand", "currency"), ("price", "quantity")
SOMEBODY = "somebody"
NOBODY = "is missing, or stands for nobody: send the id of one shopper"

FIELDS = frozenset(field.name for field in fields(ShopperEvent))
EVENT, ITEM = TypeAdapter(ShopperEvent), TypeAdapter(Item)


def read_natively(value: bytes) -> tuple[ShopperEvent | PassedOver, int]:
    """The event as it was told, or why it is passed over, and how many of its products were left out; EventRefused,
    which quotes none of it."""
    try:
        return _read(value)
    except (RecursionError, orjson.JSONEncodeError, orjson.JSONDecodeError) as exc:  # Python reads deeper than orjson
        raise EventRefused("schema", detail="is nested too deeply") from exc


def _read(value: bytes) -> tuple[ShopperEvent | PassedOver, int]:
    document = _document(value)
    if answered(document.pop("minor", None)):
        return "minor", 0
    if document.get("event_id") and is_placeholder(str(document["event_id"])):
        document["event_id"] = hashed(value)
    for name in TEXTS:
        _put(document, name, worded(document.get(name)))
    document["consent"], tcf = _consent(document.get("consent"))
    who = _shopper(document)
    document["shopper_id"] = who or SOMEBODY
    document["time_ms"] = _time_ms(document.get("time_ms"))
    dropped = _mend_items(document)
    event = _agreeing(_validated(document), tcf)
    if who is None:
        return passed_over(EventRefused("nobody", "shopper_id", NOBODY), event.consent), 0
    return event, dropped


def _document(value: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        document = orjson.loads(plain(value))
    if isinstance(document, dict):
        return document
    array = "an array: send one event a record, or set kafka.dialect to auto"
    raise EventRefused("schema", detail=f"is {array if isinstance(document, list) else 'no object'}")


def _put(document: dict[str, Any], name: str, text: str | None) -> None:
    if text is None:
        document.pop(name, None)
    else:
        document[name] = text


def _shopper(document: dict[str, Any]) -> str | None:
    """The shopper's id; the session's, where the shopper's stands for nobody and that of the session is unique."""
    who, session = str(document.get("shopper_id", "")), str(document.get("session_id", ""))
    if not is_placeholder(who):
        return who
    return None if not is_unique(session) or is_personal(session) else session


def _consent(told: object) -> tuple[object, object]:
    """What is said, in whichever words, and the TCF string; a purpose of which other words speak is refused by the
    schema."""
    if not isinstance(told, dict):
        return told or None, None
    words = {name: word for name, word in told.items() if word != "" and name != "tcf"}
    said = {name: word if (said := answered(word)) is None else said for name, word in words.items()}
    return said, told.get("tcf")


def _agreeing(event: ShopperEvent, tcf: object) -> ShopperEvent:
    """The event with what both say of consent, in the one object that there is for it."""
    told = event.consent
    consent = with_tcf(told and consent_of(told.personalisation, told.advertising), tcf)
    return event if consent is told else replace(event, consent=consent)


def _time_ms(told: object) -> object:
    """Whole milliseconds of a number, or its text; browsers tell fractions. One that is no time is in another unit, and
    what is no number at all is for the schema to judge."""
    try:
        number = float(told) if isinstance(told, str | int | float) else None
    except (ValueError, OverflowError):
        number = None
    if number is None or isnan(number):
        return told
    if not EARLIEST_MS <= number <= LATEST_MS:
        raise wrong_unit(number, "time_ms", "milliseconds")
    return int(number)


def _mend_items(document: dict[str, Any]) -> int:
    items = document.pop("items", None)
    if not isinstance(items, list):
        if items:
            document["items"] = items  # it is refused
        return 0
    for item in filter(lambda item: isinstance(item, dict), items):
        for name in ITEM_TEXTS:
            _put(item, name, worded(item.get(name)))
        for name in FIGURES:
            if item.get(name) is None or worded(str(item[name])) is None:
                item.pop(name, None)
    good = [item for item in items if _fits(item)]
    document["items"] = good or items
    return len(items) - len(document["items"])


def _fits(item: object) -> bool:
    try:
        ITEM.validate_json(orjson.dumps(item))
    except (ValidationError, orjson.JSONEncodeError):  # orjson reads deeper than it writes
        return False
    return True


def _validated(document: dict[str, Any]) -> ShopperEvent:
    try:
        return EVENT.validate_json(orjson.dumps({name: told for name, told in document.items() if name in FIELDS}))
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        raise EventRefused("schema", ".".join(map(str, error["loc"])), error["msg"][:DETAIL]) from exc
