"""The control hash of a fleet, in memory. tests/storage/test_control.py holds it and Redis to the same behaviour."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from storage.control import ALIVE_S, Control, CountKey, ExperimentDecision
from streams.errors import StoreUnavailable
from tests.fakes.store import at_once


class MemoryControl:
    """ControlStore. `way` is awaited before each call; while `down` every call fails; while `mute` decisions are taken,
    and nobody is told."""

    def __init__(self, now_s: Callable[[], float], way: Callable[[], Awaitable[None]] = at_once) -> None:
        self._now_s, self.way = now_s, way
        self.down = self.mute = False
        self.at_ms: int | None = None
        self.decisions: dict[str, ExperimentDecision] = {}
        self.counts: Counter[CountKey] = Counter()
        self._workers: dict[str, float] = {}

    async def sync(self, worker: str, added: Mapping[CountKey, int]) -> Control:
        await self._answer()
        self._workers[worker] = self._now_s()
        self.counts.update(added)
        return self._control()

    async def read(self) -> Control:
        await self._answer()
        return self._control()

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        await self._answer()
        held = self.decisions.get(experiment)
        if held is not None and held.serial >= decision.serial:
            return False
        self.decisions[experiment] = decision
        if self.mute:
            raise StoreUnavailable("the store in memory is mute")
        return True

    async def forget(self, counts: Collection[CountKey]) -> None:
        await self._answer()
        for key in counts:
            self.counts.pop(key, None)

    async def living(self, workers: Sequence[str]) -> list[str]:
        await self._answer()
        known = self._workers
        alive = [worker for worker in workers if known.get(worker, float("-inf")) > self._now_s() - ALIVE_S]
        for worker in set(workers) - set(alive):
            known.pop(worker, None)
        return alive

    def flush(self) -> None:
        """Lose everything."""
        self.decisions.clear()
        self.counts.clear()
        self._workers.clear()

    def _control(self) -> Control:
        return Control(dict(self.decisions), dict(self.counts), frozenset(self._workers), self.at_ms)

    async def _answer(self) -> None:
        await self.way()
        if self.down:
            raise StoreUnavailable("the store in memory is down")
