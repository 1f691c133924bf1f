"""Store watch: whether the store is there, and still the one that took what was written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from agents.health.statistics import Meter
from storage.checkpoints import Incarnation
from streams.errors import StoreUnavailable

log = structlog.get_logger()


class StoreWatch:
    """What is known of the store.

    `alive_s` is when it was last asked and answered as the store that we know. `away` says why it cannot be reached,
    and is None while it can.
    """

    def __init__(self, incarnation: Incarnation, meter: Meter) -> None:
        self._incarnation, self._meter = incarnation, meter
        self._known: str | None = None
        self.alive_s = float("-inf")
        self.away: str | None = None

    async def look(self, now: Callable[[], float], changed: Callable[[], None]) -> None:
        """Ask which store it is, and call `changed` when it is another. StoreUnavailable when it does not answer."""
        asked_s = now()
        incarnation = await self._incarnation.incarnation()
        if incarnation != self._known:
            # The first answer too: what was written before it may have gone to an earlier store.
            if self._known is not None:
                then = "sessions are loaded anew and events read again from the committed offsets"
                log.warning("store.changed", then=then)
            changed()  # before it counts as alive, so that nothing of the earlier store is committed
        self._known, self.alive_s = incarnation, asked_s

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note whether the store was there for all of the block. StoreUnavailable ends the block and no more."""
        try:
            yield
        except StoreUnavailable as error:
            self._meter.store_failures += 1
            if self.away is None:
                log.warning("store.away", error=str(error), then="intents wait, and nothing is committed past them")
            self.away = str(error)
        else:
            if self.away is not None:
                log.info("store.back", then="what waited is written now")
            self.away = None
