"""A fleet in memory. tests/storage/test_fleet.py holds it and Redis to the same behaviour."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping

from storage.activity import Activity
from storage.fleet import ALIVE_S, CountKey, ExperimentDecision, Fleet, Heartbeat, PoolSize
from streams.errors import StoreUnavailable


async def at_once() -> None:
    """A store that is near."""


class MemoryFleet:
    """FleetStore. `way` is awaited before each call; while `down` every call fails; while `mute` decisions are taken,
    and nobody is told."""

    def __init__(self, now_s: Callable[[], float], way: Callable[[], Awaitable[None]] = at_once) -> None:
        self._now_s, self.way = now_s, way
        self.down = self.mute = False
        self.at_ms: int | None = None
        self.decisions: dict[str, ExperimentDecision] = {}
        self.counts: Counter[CountKey] = Counter()
        self.switches: dict[str, bytes] = {}
        self.sizes: dict[str, PoolSize] = {}
        self.activities: list[Activity] = []
        self.calls: Counter[int] = Counter()
        self._heartbeats: dict[str, tuple[float, bytes]] = {}

    async def sync(self, worker: str, heartbeat: bytes, added: Mapping[CountKey, int]) -> Fleet:
        await self._answer()
        self._heartbeats[worker] = self._now_s(), heartbeat
        self.counts.update(added)
        return self._fleet()

    async def read(self) -> Fleet:
        await self._answer()
        return self._fleet()

    async def heartbeats(self) -> Mapping[str, Heartbeat]:
        await self._answer()
        return {name: Heartbeat(told, round((self._now_s() - at_s) * 1e3)) for name, (at_s, told) in self._alive()}

    async def leave(self, worker: str) -> None:
        await self._answer()
        self._heartbeats.pop(worker, None)

    async def throw(self, name: str, value: bytes | None, activity: Activity) -> bool:
        await self._answer()
        if self.switches.get(name) == value:
            return False
        if value is None:
            del self.switches[name]
        else:
            self.switches[name] = value
        self.activities.append(activity)
        return True

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        await self._answer()
        held = self.decisions.get(experiment)
        if held is not None and held.serial >= decision.serial:
            return False
        self.decisions[experiment] = decision
        if self.mute:
            raise StoreUnavailable("the fleet in memory is mute")
        return True

    async def resize(self, pool: str, size: PoolSize) -> bool:
        await self._answer()
        held = self.sizes.get(pool)
        if held is not None and held.serial >= size.serial:
            return False
        self.sizes[pool] = size
        return True

    async def forget(self, counts: Collection[CountKey]) -> None:
        await self._answer()
        for key in counts:
            self.counts.pop(key, None)

    async def demand(self, slot: int, calls: int, forget_before: int) -> Mapping[int, int]:
        await self._answer()
        self.calls[slot] += calls
        self.calls = Counter({each: count for each, count in self.calls.items() if each >= forget_before and count})
        return dict(self.calls)

    def flush(self) -> None:
        """Lose everything."""
        self.decisions.clear()
        self.counts.clear()
        self.switches.clear()
        self.sizes.clear()
        self._heartbeats.clear()

    def _alive(self) -> list[tuple[str, tuple[float, bytes]]]:
        oldest_s = self._now_s() - ALIVE_S
        return [(name, beat) for name, beat in self._heartbeats.items() if beat[0] >= oldest_s]

    def _fleet(self) -> Fleet:
        shared = dict(self.switches), dict(self.decisions), dict(self.counts)
        return Fleet(*shared, len(self._alive()), self.at_ms, dict(self.sizes))

    async def _answer(self) -> None:
        await self.way()
        if self.down:
            raise StoreUnavailable("the fleet in memory is down")
