"""REES46: shop events as CSV, one a row, in the dialect of their open data sets.

Category codes are dotted; they, brand and session may be empty. There are no titles: brand and category make one.
Source: https://www.kaggle.com/datasets/mkechinov/ecommerce-behavior-data-from-multi-category-store
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b

from streams.errors import EventRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.rows import MARK, BadRow
from streams.events.formats.shapes import shopper, time_ms, visit

HEADER = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session"
WHO = ("user_id", "user_session")
COLUMNS = HEADER.decode().split(",")
ACTIONS: Mapping[str, Action] = {
    "view": "view",
    "cart": "cart_add",
    "remove_from_cart": "cart_remove",
    "purchase": "purchase",
}


def is_header(line: bytes) -> bool:
    """Whether a file that begins with this line is one of theirs."""
    return line.removeprefix(MARK).replace(b'"', b"").rstrip() == HEADER


def is_first(line: bytes) -> bool:
    """Whether a file that begins with this line is one of theirs, with or without a header."""
    return is_header(line) or (is_row(line) and line.count(b",") == len(COLUMNS) - 1)


def is_row(value: bytes) -> bool:
    """Whether a record is, at first sight, one of their rows, or their header."""
    begin = value[:16].removeprefix(MARK).lstrip(b'"')
    return (begin[:4].isdigit() and begin[4:5] == b"-") or begin.startswith(b"event_time")


def read(lines: Iterable[bytes]) -> Iterator[ShopperEvent | BadRow]:
    """An event, or the row as it stands, for each line but the header. Quotes do not span lines: one bad row is one."""
    for number, line in enumerate(lines):
        if number or not is_header(line):
            yield _read(line)


def record(value: bytes) -> list[ShopperEvent]:
    """The event of a Kafka record that holds a row; the header row gives no event."""
    return [] if is_header(value.rstrip()) else [parse(_row(value.rstrip()))]


def parse(row: Mapping[str, str]) -> ShopperEvent:
    """The event of a row. Equal rows make equal event ids, so that exact duplicates are known for what they are."""
    try:
        return ShopperEvent(
            event_id=blake2b("\0".join(row[name] for name in COLUMNS).encode(), digest_size=8).hexdigest(),
            shopper_id=shopper(WHO, row["user_id"], visit(row["user_session"])),
            action=ACTIONS[row["event_type"]],
            time_ms=_time_ms(row["event_time"]),
            items=(_item(row),),
            session_id=row["user_session"] or None,
        )
    except (KeyError, ValueError) as exc:  # pydantic's errors are ValueErrors
        raise EventRefused("schema", detail="no event of REES46") from exc


def _read(line: bytes) -> ShopperEvent | BadRow:
    row: Mapping[str, str] = {}
    try:
        row = _row(line)
        return parse(row)
    except EventRefused:
        return BadRow(row.get("user_id", "").encode() or None, line)


def _row(line: bytes) -> Mapping[str, str]:
    try:
        values = next(csv.reader([line.removeprefix(MARK).decode()], strict=True))
    except (UnicodeDecodeError, csv.Error) as exc:
        raise EventRefused("schema", detail="no row of CSV") from exc
    if len(values) != len(COLUMNS):
        raise EventRefused("schema", detail=f"{len(values)} columns instead of {len(COLUMNS)}")
    return dict(zip(COLUMNS, values, strict=True))


def _time_ms(text: str) -> int:
    if not text.endswith(" UTC"):
        raise ValueError("event_time without UTC")
    return time_ms(datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00"), "event_time")


def _item(row: Mapping[str, str]) -> Item:
    category = row["category_code"].replace(".", "/")
    return Item(
        id=row["product_id"],
        title=_title(row["brand"], category),
        category=category or None,
        brand=row["brand"] or None,
        price=float(row["price"] or 0) or None,  # a price of 0 is one they did not know
    )


def _title(brand: str, category: str) -> str | None:
    """`Samsung smartphone`. Brands of up to three letters are mostly initials: LG, HP, JBL."""
    name = brand.upper() if len(brand) <= 3 else brand.title()
    thing = category.rpartition("/")[2].replace("_", " ")
    if name:
        return f"{name} {thing or 'product'}"
    return thing.capitalize() or None
