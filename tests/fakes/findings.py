"""Findings in memory, by the event loop's clock: what RedisFindings is for the workers of one process."""

import asyncio
from collections.abc import Sequence

from streams.errors import StoreUnavailable


class Findings:
    """SharedFindings. While it is `away`, nobody is told anything."""

    def __init__(self) -> None:
        self.away = False
        self._taken_until_s: dict[str, float] = {}
        self._told: dict[str, bytes] = {}

    async def take(self, names: Sequence[str], for_s: float) -> Sequence[tuple[bool, bytes | None]]:
        self._reach()
        return [(self._take(name, for_s), self._told.get(name)) for name in names]

    async def tell(self, name: str, finding: bytes) -> None:
        self._reach()
        self._told[name] = finding

    def _take(self, name: str, for_s: float) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._taken_until_s.get(name, 0.0):
            return False
        self._taken_until_s[name] = now_s + for_s
        return True

    def _reach(self) -> None:
        if self.away:
            raise StoreUnavailable("it is down")
