"""YooChoose: clicks and purchases as CSV without a header, in the dialect of the RecSys Challenge of 2015.

`session,time,item,category` is a click, `session,time,item,price,quantity` a purchase; a session is a shopper. Prices
have no unit that is told, and are left out. A category is a number, `S` for a special offer, or 0 where none is known.
Source: https://www.kaggle.com/datasets/chadgostopp/recsys-challenge-2015
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from streams.errors import EventRefused
from streams.events.event import Item, ShopperEvent
from streams.events.formats.rows import BadRow
from streams.events.formats.shapes import shopper, time_ms
from streams.events.redaction import hashed

UNKNOWN = "0"
CATEGORIES = {UNKNOWN: None, "S": "special-offer"}

_ROW = re.compile(
    rb'"?\d+"?,"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"?,"?\d+"?,"?(?:S|\d+)"?(?:,"?\d+"?)?'
).fullmatch


def is_first(line: bytes) -> bool:
    """Whether a file that begins with this line is theirs."""
    return _ROW(line) is not None


def read(lines: Iterable[bytes]) -> Iterator[ShopperEvent | BadRow]:
    """An event, or the row as it stands, for each line."""
    for line in lines:
        try:
            yield parse(line)
        except EventRefused:
            yield BadRow(None, line)


def parse(line: bytes) -> ShopperEvent:
    """The event of a row. Equal rows make equal event ids."""
    if not is_first(line):
        raise EventRefused("schema", detail="no event of YooChoose")
    session, moment, item, *rest = line.decode().replace('"', "").split(",")
    try:
        category, quantity = (rest[0], 1) if len(rest) == 1 else (UNKNOWN, max(int(rest[1]), 1))
        return ShopperEvent(
            event_id=hashed(line),
            shopper_id=shopper(("session",), session),
            action="click" if len(rest) == 1 else "purchase",
            time_ms=time_ms(datetime.fromisoformat(moment), "time"),
            items=(Item(id=item, category=CATEGORIES.get(category, category), quantity=quantity),),
        )
    except ValueError as exc:  # pydantic's errors are ValueErrors
        raise EventRefused("schema", detail="no event of YooChoose") from exc
