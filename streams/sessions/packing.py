"""Packing: a session as a few hundred bytes, for Redis and for sessions that have gone quiet in memory.

The bytes are zlib's; ISA-L makes them in half of its time.
"""

from array import array
from functools import lru_cache
from typing import Any

import orjson
from isal import isal_zlib

from streams.errors import ContextCorrupt
from streams.events.event import Item
from streams.sessions.agreement import Agreement, Said
from streams.sessions.profiles import NOTHING, InterestCounts
from streams.sessions.session import ACTIONS, Session, marks_of

VERSIONS = (1, 2)
"""Of a session that says nothing of purposes, which workers from before there were any read too; and of one that does.
"""


def dump(session: Session) -> bytes:
    """Pack a session; `durable` stays out, since whoever loads it knows what is stored. Deterministic."""
    numbers: dict[Item, int] = {}
    rows = [
        numbers.setdefault(subject, len(numbers)) if isinstance(subject, Item) else subject
        for subject in session.subjects
    ]
    said = () if session.agreement is None else ([[*each] for each in session.agreement],)
    return isal_zlib.compress(orjson.dumps([
        VERSIONS[len(said)], session.folded, session.meaningful, session.origin_ms, session.last_ms, session.events,
        session.dropped, [*session.profile], [*session.earlier],
        [_item(item) for item in numbers], session.event_ids,
        [time_ms - session.origin_ms for time_ms in session.times], list(session.actions), rows, *said,
    ]), 1)  # fmt: skip


def load(packed: bytes) -> Session:
    """Unpack: equal to what was dumped, with `durable` at its `folded`. Raises ContextCorrupt on anything else."""
    try:
        return _load(orjson.loads(isal_zlib.decompress(packed)))
    except (ValueError, TypeError, LookupError, OverflowError, isal_zlib.error) as error:  # type: ignore[misc] # its stub
        raise ContextCorrupt(str(error)) from error


def _load(values: list[Any]) -> Session:
    if values[0] not in VERSIONS:
        message = f"packed by version {values[0]}, this is version {VERSIONS[-1]}"
        raise ValueError(message)
    (folded, meaningful, origin_ms, last_ms, events, dropped, profile, earlier,
     items, event_ids, times, actions, rows, *said) = values[1:]  # fmt: skip
    session = Session()
    session.folded = session.durable = folded
    session.meaningful, session.origin_ms, session.last_ms = meaningful, origin_ms, last_ms
    session.events, session.dropped = events, dropped
    session.profile, session.earlier = _tally(profile), _tally(earlier)
    known = [_shared(*values) for values in items]
    session.event_ids, session.marks = event_ids, marks_of(event_ids)
    session.times = array("q", [origin_ms + time for time in times])
    session.actions = bytearray(actions)
    session.subjects = [known[row] if isinstance(row, int) else row for row in rows]
    if not len(event_ids) == len(times) == len(actions) == len(rows) or max(actions, default=0) >= len(ACTIONS):
        raise ValueError("its rows are not those of a session")
    if values[0] == VERSIONS[1]:
        [(personalisation, advertising)] = said
        session.agreement = Agreement(Said(*personalisation), Said(*advertising))
    elif said:
        raise ValueError("more in it than its version has")
    session.weigh()
    return session


@lru_cache(maxsize=65_536)
def _shared(*values: Any) -> Item:
    """One object for equal items: they are frozen, and unshared ones make a loaded session four times as large."""
    return Item(*values)


def _item(item: Item) -> list[str | float | None]:
    return [item.id, item.title, item.category, item.brand, item.price, item.currency, item.quantity]


def _tally(values: list[Any]) -> InterestCounts:
    sessions, purchases, categories, brands = values
    if not (sessions or purchases or categories or brands):
        return NOTHING
    return InterestCounts(sessions, purchases, tuple(map(tuple, categories)), tuple(map(tuple, brands)))
