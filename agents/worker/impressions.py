"""Impressions: counts what became of what shoppers were shown, by arm.

An impression is looked at once its time is over, with the session that the store holds of its shopper by then: what was
opened stands there. So nothing of it is held anywhere, and an erasure has nothing to find.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

import structlog

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.health.statistics import Meter
from agents.worker.boundary import Verb, judge
from storage.checkpoints import Context, Erased
from streams.errors import ContextCorrupt, EventRefused, StoreCorrupt, TopicMissing
from streams.events.decoding import Record
from streams.events.event import Item
from streams.events.impressions import Impression, read_impression
from streams.sessions.agreement import purposes
from streams.sessions.packing import load
from streams.sessions.session import CODES, Session

SETTLE_S = 60.0
"""After an impression's time is over a session may take so long until it is stored."""

RETRY_S = 5.0
SLICE = 10
"""Impressions counted in one turn of the loop: sessions are unpacked for them, which takes up to a third of a
millisecond each."""

OPENS = frozenset({CODES["view"], CODES["click"]})

Unsaid = Literal["unknown", "erased", "no_consent"]
"""Why nothing is said of an impression: no session is stored that tells of its time; its shopper was erased since; they
did not agree to personalisation."""

Load = Callable[[Sequence[str]], Awaitable[list[Context | Erased | None]]]
"""The port to stored sessions; raises StoreUnavailable, and StoreCorrupt where one of them is not what it should be."""

log = structlog.get_logger()


class Source(Protocol):
    """The port to the topic (streams/kafka/delayed.py). Raises BrokerUnavailable."""

    async def due(self) -> Sequence[Record]: ...

    async def commit(self) -> None: ...


class Impressions:
    """One for a worker. Records that are no impressions are left out: counted by reason, and the first of each is
    logged. After a crash some count again, as other outcomes do."""

    def __init__(
        self,
        source: Callable[[], AbstractAsyncContextManager[Source]],
        load_sessions: Load,
        active_experiments: ActiveExperiments,
        outcomes: Outcomes,
        meter: Meter,
        within_s: float,
        default_purposes: Sequence[str] | None = None,
    ) -> None:
        self._source, self._load = source, load_sessions
        self._active_experiments, self._outcomes, self._meter = active_experiments, outcomes, meter
        self._within_ms, self._default_purposes = round(within_s * 1e3), default_purposes
        self._is_away = False

    async def run(self) -> None:
        """Count until cancelled. While Kafka or Redis is away, or the topic is not there, which is the shop's to make,
        it waits, and goes on where it was."""
        while True:
            try:
                async with self._source() as source:
                    while True:
                        await self.take(await source.due())
                        await source.commit()
                        self._note(None)
            except TopicMissing as error:
                self._note(error)
            except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
                if judge(error, "impressions", self._meter) is not Verb.FAULT:
                    self._note(error)
            await asyncio.sleep(RETRY_S)

    def _note(self, error: Exception | None) -> None:
        """Say once that nothing is counted, and once that it is again."""
        if error is not None and not self._is_away:
            log.warning("impressions.away", error=str(error), then="they are counted later")
        if error is None and self._is_away:
            log.info("impressions.back")
        self._is_away = error is not None

    async def take(self, records: Sequence[Record]) -> None:
        """Count records whose time is over. Raises StoreUnavailable; some may have been counted then."""
        shown = [each for each in map(self._read, records) if each is not None]
        if not self._active_experiments.running:
            return
        for first in range(0, len(shown), SLICE):
            some = shown[first : first + SLICE]
            stored = await self._stored(list(dict.fromkeys(each.shopper_id for each in some)))
            for each in some:
                try:
                    self._count(each, stored[each.shopper_id])
                except Exception as error:  # noqa: BLE001 # the boundary
                    judge(error, "impressions", self._meter)
                    self._meter.impressions_left_out["fault"] += 1
            await asyncio.sleep(0)

    def _read(self, record: Record) -> Impression | None:
        try:
            return read_impression(record)
        except EventRefused as error:
            if not self._meter.impressions_left_out[error.reason]:
                log.warning(
                    "impression.refused", error=str(error), then="it is left out; others of the kind are counted"
                )
            self._meter.impressions_left_out[error.reason] += 1
            return None

    async def _stored(self, shoppers: Sequence[str]) -> dict[str, Context | Erased | None]:
        try:
            return dict(zip(shoppers, await self._load(shoppers), strict=True))
        except StoreCorrupt:
            if len(shoppers) == 1:
                return {shoppers[0]: None}
        return {who: found for each in shoppers for who, found in (await self._stored([each])).items()}

    def _count(self, shown: Impression, stored: Context | Erased | None) -> None:
        session, until_ms = self._session(shown, stored), shown.time_ms + self._within_ms
        if isinstance(session, str):
            self._meter.impressions_left_out[session] += 1
            return
        placed, opened = shown.placed, opened_between(session, shown.time_ms, until_ms)
        positions = [position for product, position in placed.items() if product in opened]
        counts = {
            "impressions": 1,
            "clicked_through": int(bool(positions)),
            "intents_used": int(shown.used),
            "products_shown": len(placed),
            "products_opened": len(positions),
            "positions_opened": sum(positions),
        }
        arms = self._active_experiments.assign(shown.shopper_id).counted
        for what, count in counts.items():
            self._outcomes.note_session(arms, what, count)

    def _session(self, shown: Impression, stored: Context | Erased | None) -> Session | Unsaid:
        """The session that the products were shown in, or why nothing is said."""
        if stored is None:
            return "unknown"
        erased = stored.marker
        if isinstance(stored, Erased) or (erased and (erased.opted_out or shown.time_ms <= erased.number)):
            return "erased"
        try:
            session = load(stored.session)
        except ContextCorrupt:
            return "unknown"
        agreed = purposes(session.agreement, self._default_purposes)
        if agreed is not None and "personalisation" not in agreed:
            return "no_consent"
        later = session.origin_ms > shown.time_ms + self._within_ms
        return "unknown" if later or (session.dropped and session.times[0] > shown.time_ms) else session


def opened_between(session: Session, since_ms: int, until_ms: int) -> set[str]:
    """The products that a session's shopper viewed or clicked after the one time and not after the other."""
    rows = zip(session.times, session.actions, session.subjects, strict=True)
    return {
        subject.id
        for time_ms, code, subject in rows
        if code in OPENS and isinstance(subject, Item) and since_ms < time_ms <= until_ms
    }
