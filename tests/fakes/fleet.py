"""Heartbeats and switches of a fleet, in memory."""

from collections.abc import Collection

from storage.fleet import Seen
from streams.errors import StoreUnavailable


class MemoryFleet:
    """FleetStore. While `down` is true every call fails."""

    def __init__(self) -> None:
        self.down = False
        self._switches: dict[str, bytes] = {}
        self._beats: dict[str, bytes] = {}

    async def beat(self, worker: str, heartbeat: bytes) -> Seen:
        self._check()
        self._beats[worker] = heartbeat
        return await self.read()

    async def read(self) -> Seen:
        self._check()
        return Seen(dict(self._switches), dict(self._beats))

    async def throw(self, name: str, thrown: bytes | None) -> None:
        self._check()
        if thrown is None:
            self._switches.pop(name, None)
        else:
            self._switches[name] = thrown

    async def bury(self, workers: Collection[str]) -> None:
        self._check()
        for worker in workers:
            self._beats.pop(worker, None)

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("the fleet in memory is down")
