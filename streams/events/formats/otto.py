"""OTTO: sessions as JSON lines, one session a line, in the dialect of https://github.com/otto-de/recsys-dataset.

`{"session": 12, "events": [{"aid": 59625, "ts": 1661724000278, "type": "clicks"}, …]}` with the types clicks, carts and
orders and times in milliseconds. There are ids only: no titles, categories, brands or prices.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Any

import orjson

from streams.errors import EventRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.events.formats.rows import BadRow
from streams.events.formats.shapes import below
from streams.events.times import checked_ms

ACTIONS: Mapping[str, Action] = {"clicks": "click", "carts": "cart_add", "orders": "purchase"}

FIRST = "session-0"
"""Sessions are numbered from 0, and as an id a bare 0 stands for nobody."""

Timed = tuple[int, ShopperEvent | BadRow]


def read(lines: Iterable[bytes], open_sessions: int = 5_000) -> Iterator[ShopperEvent | BadRow]:
    """Events of all sessions in the order of their times, and what is none as it stands.

    Sessions stand in the order of their first events, so those under way are enough to merge them. When more than
    `open_sessions` are, the earliest goes on alone, and later ones come late.
    """
    waiting: list[tuple[int, int, ShopperEvent | BadRow, Iterator[Timed]]] = []
    for number, line in enumerate(lines):
        session = _session(line)
        begun = next(session, None)
        if begun is None:
            continue
        while waiting and (waiting[0][0] < begun[0] or len(waiting) >= open_sessions):
            yield _first(waiting)
        heappush(waiting, (begun[0], number, begun[1], session))
    while waiting:
        yield _first(waiting)


def record(value: bytes) -> list[ShopperEvent]:
    """The events of a Kafka record that holds a session; one bad event makes the record a bad one."""
    session, entries = _parts(value)
    if not entries:
        raise EventRefused("schema", "session or events", "is no session of OTTO with events")
    events = []
    for place, entry in enumerate(entries):
        try:
            events.append(parse(session, entry))
        except EventRefused as refused:
            raise below(f"events.{place}", refused) from refused
    return events


def parse(session: str, event: Mapping[str, Any]) -> ShopperEvent:
    """One event of a session. Equal events make equal ids, so that exact duplicates are known for what they are."""
    try:
        article, time_ms, action = event["aid"], event["ts"], event["type"]
        checked_ms(time_ms, "ts")
        name = f"{session}:{article}:{time_ms}:{action}"
        return ShopperEvent(
            event_id=blake2b(name.encode(), digest_size=8).hexdigest(),
            shopper_id=session,
            action=ACTIONS[action],
            time_ms=time_ms,
            items=(Item(id=f"{article:d}"),),
        )
    except (KeyError, TypeError, ValueError) as exc:  # pydantic's errors are ValueErrors
        raise EventRefused("schema", detail="no event of OTTO") from exc


def _first(waiting: list[tuple[int, int, ShopperEvent | BadRow, Iterator[Timed]]]) -> ShopperEvent | BadRow:
    """Take the earliest event, and let its session wait with its next."""
    _, number, event, session = heappop(waiting)
    if following := next(session, None):
        heappush(waiting, (following[0], number, following[1], session))
    return event


def _session(line: bytes) -> Iterator[Timed]:
    """The events of a line with their times; a bad entry has the time of the one before it."""
    session, entries = _parts(line)
    if not entries:
        yield 0, BadRow(None, line)
        return
    time_ms = 0
    for entry in entries:
        try:
            event = parse(session, entry)
        except EventRefused:
            yield time_ms, BadRow(session.encode(), orjson.dumps(entry))
        else:
            time_ms = event.time_ms
            yield time_ms, event


def _parts(line: bytes) -> tuple[str, Sequence[Any]]:
    """The session and its entries; no entries where the line is no session."""
    try:
        document = orjson.loads(line)
        session, entries = document["session"], document["events"]
        name = f"{session:d}" if session else FIRST
    except (KeyError, TypeError, ValueError):
        return "", ()
    return (name, entries) if session >= 0 and isinstance(entries, list) else ("", ())
