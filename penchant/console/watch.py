"""Watch: looks at the fleet once a second, and wakes whoever shows it."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import structlog

from penchant.console.changes import changes
from penchant.console.history import KEPT_S, Counters, History
from penchant.console.pipeline import total
from penchant.console.scrape import Scraper
from penchant.console.snapshot import Change, Snapshot
from penchant.operations.control import fleet_status
from penchant.settings.root import Settings
from streams.errors import StoreCorrupt, StoreUnavailable

EVERY_S = 1.0
KEPT_CHANGES, CHANGES_MS = 2_000, 7 * 86_400_000
"""So many changes are kept, for so long: those of the longest range that a chart may have."""

log = structlog.get_logger()


class FleetWatch:
    """`now` is the latest look. Nobody's browser makes it look more often."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._history = settings, History()
        self._changes: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self._looked = asyncio.Condition()
        self.now = Snapshot()

    async def run(self) -> None:
        """Look until cancelled."""
        scraper = Scraper()
        try:
            while True:
                began_s = time.monotonic()
                await self.look(scraper)
                await asyncio.sleep(max(EVERY_S - (time.monotonic() - began_s), EVERY_S / 10))
        finally:
            await scraper.close()

    async def look(self, scraper: Scraper) -> None:
        """Look once. While Redis is away the workers that are known are still read."""
        seen = await self._seen()
        samples = await scraper.read(seen.fleet.workers if seen.fleet is not None else {})
        counted = {name: Counters.of(each) for name, each in samples.items()}
        owed, lag = (total(seen, name) if seen.workers else None for name in ("owed", "lag"))
        self._history.add(seen.at_ms, counted, owed, lag)
        seen = replace(seen, samples=samples)
        self._changes.extend(changes(self.now, seen))
        while self._changes and self._changes[0].at_ms < seen.at_ms - CHANGES_MS:
            self._changes.popleft()
        async with self._looked:
            lately = tuple(self.changes(seen.at_ms - KEPT_S * 1_000))
            self.now = replace(seen, points=tuple(self._history.points), changes=lately)
            self._looked.notify_all()

    def changes(self, since_ms: float) -> Iterator[Change]:
        """Those that were seen since then, the oldest first."""
        return (each for each in self._changes if each.at_ms >= since_ms)

    async def after(self, serial: int) -> Snapshot:
        """The next look after the one of that number."""
        async with self._looked:
            await self._looked.wait_for(lambda: self.now.serial > serial)
            return self.now

    async def _seen(self) -> Snapshot:
        """What the commands would show now; the last that is known while Redis is away."""
        serial = self.now.serial + 1
        try:
            fleet = await fleet_status(self._settings)
        except (StoreUnavailable, StoreCorrupt, ValueError) as error:
            if self.now.away is None:
                log.warning("fleet.unread", error=str(error), then="the last that is known is shown, as old")
            return replace(self.now, serial=serial, at_ms=_now_ms(), away=str(error))
        at_ms = _now_ms()
        return Snapshot(serial, at_ms, at_ms, None, fleet)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
