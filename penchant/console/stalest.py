"""Stalest: the latest intents of some that were looked at, asked for no more often than they change for an eye."""

import time
from collections.abc import Sequence

from penchant.operations.inspection.stalest import Stale, stalest
from penchant.settings.root import Settings

EVERY_S = 5.0
SCANNED, VISITED = 500, 5_000
"""So many intents are looked at, among so many keys."""


class StalestCache:
    """However many look, Redis is asked once in five seconds; while nobody looks, never."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: Sequence[Stale] = ()
        self._asked_s = float("-inf")

    async def read(self) -> Sequence[Stale]:
        """The worst first. StoreUnavailable."""
        now_s = time.monotonic()
        if now_s >= self._asked_s + EVERY_S:
            self._asked_s = now_s
            self._found, _ = await stalest(self._settings, SCANNED, SCANNED, VISITED)
        return self._found
