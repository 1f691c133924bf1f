"""RetailRocket: visitors' events as CSV, one a row, in the dialect of their open data set's `events.csv`.

Times are in milliseconds. There are ids only; what items are stands in other files, which are not read.
Source: https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset
"""

from collections.abc import Iterable, Iterator, Mapping

from streams.errors import EventRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.rows import BadRow, header
from streams.events.formats.shapes import shopper
from streams.events.redaction import hashed
from streams.events.times import checked_ms

COLUMNS = ("timestamp", "visitorid", "event", "itemid", "transactionid")
ACTIONS: Mapping[str, Action] = {"view": "view", "addtocart": "cart_add", "transaction": "purchase"}


def is_first(line: bytes) -> bool:
    """Whether a file that begins with this line is theirs."""
    return header(line) == COLUMNS


def read(lines: Iterable[bytes]) -> Iterator[ShopperEvent | BadRow]:
    """An event, or the row as it stands, for each line but the header."""
    for number, line in enumerate(lines):
        if number or not is_first(line):
            try:
                yield parse(line)
            except EventRefused:
                yield BadRow(None, line)


def parse(line: bytes) -> ShopperEvent:
    """The event of a row. Equal rows make equal event ids."""
    try:
        time, visitor, event, item, order = line.decode().replace('"', "").split(",")
        return ShopperEvent(
            event_id=hashed(line),
            shopper_id=shopper(("visitorid",), visitor if visitor != "0" else FIRST),
            action=ACTIONS[event],
            time_ms=checked_ms(int(time), "timestamp"),
            items=(Item(id=item),),
            order_id=order or None,
        )
    except (KeyError, ValueError) as exc:  # pydantic's errors are ValueErrors
        raise EventRefused("schema", detail="no event of RetailRocket") from exc


FIRST = "visitor-0"
"""Visitors are numbered from 0, and as an id a bare 0 stands for nobody."""
