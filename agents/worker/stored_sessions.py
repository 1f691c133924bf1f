"""Stored sessions: how what the store holds of a shopper becomes a session. One that cannot be read begins anew."""

import structlog

from agents.health.statistics import Meter
from storage.checkpoints import Context
from streams.errors import ContextCorrupt
from streams.sessions.packing import load
from streams.sessions.session import Session

LOGGED = 20
"""How many keys are logged by one worker; a rollback may leave millions that cannot be read. All are counted."""

log = structlog.get_logger()


class StoredSessions:
    """Opens them, and counts those that cannot be read."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def open(self, context: Context) -> Session:
        """The stored session. Where it cannot be read, an empty one at its position: events that the store has counted
        are not counted twice, and the next write replaces what cannot be read."""
        try:
            return load(context.session)
        except ContextCorrupt as error:
            self._note(context, error)
        session = Session()
        session.folded = session.durable = context.position.offset
        return session

    def _note(self, context: Context, error: ContextCorrupt) -> None:
        self._meter.sessions_unreadable += 1
        if self._meter.sessions_unreadable > LOGGED:
            return
        log.error(
            "session.unreadable",
            key=context.key or context.shopper,
            error=str(error),
            then="this shopper begins anew with the next event",
            remedy="after a rollback nothing is to be done; else look for what writes into this Redis beside Penchant. "
            "`penchant replay` rebuilds the session from the topic.",
            more=f"{LOGGED} are logged, all are counted in sessions_unreadable",
        )
