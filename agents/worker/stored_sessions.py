"""Stored sessions: how what the store holds of a shopper becomes a session. One that cannot be read begins anew.

It is unpacked when it is first looked at. Most of what a restart reads again is stored already: its offset says so.
"""

from typing import NamedTuple

import structlog

from agents.health.statistics import Meter
from storage.checkpoints import Context
from streams.errors import ContextCorrupt
from streams.sessions.packing import load
from streams.sessions.session import Session

LOGGED = 20
"""How many keys are logged by one worker; a rollback may leave millions that cannot be read. All are counted."""

log = structlog.get_logger()


class StoredSession(NamedTuple):
    """A session as it was loaded, up to `offset`. `key` is where it was loaded from."""

    sessions: "StoredSessions"
    packed: bytes
    offset: int
    key: str

    def open(self) -> Session:
        """The session; where it cannot be read, an empty one at its offset: events that the store has counted are not
        counted twice, and the next write replaces what cannot be read."""
        try:
            return load(self.packed)
        except ContextCorrupt as error:
            self.sessions.note(self.key, error)
        session = Session()
        session.folded = session.durable = self.offset
        return session


class StoredSessions:
    """Finds them in contexts, and counts those that cannot be read."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def of(self, context: Context) -> StoredSession:
        """What stands in a context."""
        return StoredSession(self, context.session, context.position.offset, context.key or context.shopper)

    def note(self, key: str, error: ContextCorrupt) -> None:
        """What stands there cannot be read."""
        self._meter.sessions_unreadable += 1
        if self._meter.sessions_unreadable > LOGGED:
            return
        log.error(
            "session.unreadable",
            key=key,
            error=str(error),
            then="this shopper begins anew with the next event",
            remedy="after a rollback nothing is to be done; else look for what writes into this Redis beside Penchant. "
            "`penchant replay` rebuilds the session from the topic.",
            more=f"{LOGGED} are logged, all are counted in sessions_unreadable",
        )
