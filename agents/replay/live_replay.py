"""Live replay: a new intent over the live key of every shopper of a range of the log, the latest shoppers first.

A stored shopper keeps their session, which may be older and longer than the range. A shopper whom Redis has lost gets
the session that the range holds. Positions decide: an intent made meanwhile has a later one, and stays.
Who is held out by an experiment gets none here either.
"""

from collections.abc import Callable, Sequence

from agents.health.statistics import Meter
from agents.replay.calls import ReplayCalls
from agents.worker.boundary import judge
from agents.worker.checkpoints import Checkpoints
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from agents.worker.slices import decoded_apart
from agents.worker.stored_sessions import StoredSessions
from storage.checkpoints import CheckpointStore, Context, Erased, Verdict
from streams.events.decoding import Record
from streams.events.dialects import Dialect
from streams.records.erasures import Erasure
from streams.sessions.session import QUIET, REPEATED, Session, SessionRules, fold

CHUNK = 128
"""Contexts loaded in one pipeline."""


class LiveReplay:
    """Feed it a partition's records in their order, then `finish`."""

    def __init__(
        self,
        partition: Partition,
        dialect: Dialect,
        session: SessionRules,
        store: CheckpointStore,
        checkpoints: Checkpoints,
        calls: ReplayCalls,
        *,
        lineage: int,
        generation: int,
        withheld: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.partition, self._dialect, self._session = partition, dialect, session
        self._store, self._checkpoints, self._calls = store, checkpoints, calls
        self._lineage, self._generation, self._withheld = lineage, generation, withheld
        self._opened = StoredSessions(Meter())
        self._sessions: dict[str, Session] = {}
        self._markers: dict[str, Erasure | None] = {}
        self._left_out: set[str] = set()

    async def take(self, records: Sequence[Record]) -> None:
        """Fold records, nothing else. Raises StoreUnavailable, with nothing done."""
        tally = self._calls.tally
        decoded = decoded_apart(self._dialect, records, tally)
        await self._learn(list(dict.fromkeys(event.shopper_id for _, _, event in decoded.events)))
        tally.records += len(records)
        tally.refused += len(decoded.refused)
        tally.withheld += decoded.withheld
        taken = -1
        for offset, timestamp_ms, event in decoded.events:
            if event.shopper_id in self._left_out:
                continue
            erasure = self._markers[event.shopper_id]
            if erasure is not None and erasure.covers(self._lineage, self.partition.number, offset, timestamp_ms):
                tally.opted_out += erasure.opted_out
                tally.erased += not erasure.opted_out
                continue
            session = self._sessions.setdefault(event.shopper_id, Session())
            try:
                outcome = fold(session, event, offset, timestamp_ms, self._session, follows=offset == taken)
            except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the replay
                judge(error, "record", tally)
                self._leave_out(event.shopper_id)
                continue
            tally.events += outcome >= QUIET
            if outcome is not REPEATED:
                taken = offset

    def _leave_out(self, shopper_id: str) -> None:
        """An event has left the session half changed: the live keys keep what they have."""
        self._left_out.add(shopper_id)
        self._calls.tally.left_out += 1
        del self._sessions[shopper_id]

    async def _learn(self, shoppers: Sequence[str]) -> None:
        """Who was erased, or opted out."""
        unknown = [shopper_id for shopper_id in shoppers if shopper_id not in self._markers]
        for first in range(0, len(unknown), CHUNK):
            chunk = unknown[first : first + CHUNK]
            for shopper_id, found in zip(chunk, await self._store.load(chunk), strict=True):
                self._markers[shopper_id] = found.marker if found is not None else None

    @property
    def shoppers(self) -> int:
        """How many shoppers are still to be replayed."""
        return len(self._sessions)

    async def finish(self) -> None:
        """Ask about each of them; returns when the last call has begun. Raises StoreUnavailable."""
        latest = sorted(self._sessions, key=lambda name: self._sessions[name].last_ms, reverse=True)
        for first in range(0, len(latest), CHUNK):
            chunk = latest[first : first + CHUNK]
            for shopper_id, found in zip(chunk, await self._store.load(chunk), strict=True):
                await self._one(shopper_id, found)

    async def _one(self, shopper_id: str, found: Context | Erased | None) -> None:
        session = self._sessions.pop(shopper_id)
        if self._withheld(shopper_id) or (found is not None and found.marker != self._markers[shopper_id]):
            return  # held out of all intents, or erased since
        if isinstance(found, Context):
            if found.position.generation >= self._generation or found.position.lineage != self._lineage:
                return  # redone before a crash; or of another log, whose offsets mean nothing in this one
            session = self._opened.of(found).open()
        if session.meaningful < 0:
            return
        shopper = Shopper(shopper_id, self.partition, session)
        shopper.erasure = found.erasure if found is not None else 0
        await self._calls.begin(session, self._checkpoints.take(shopper), self._done)

    def _done(self, verdict: Verdict) -> None:
        """Any verdict will do: a refusal says that something later is stored."""
