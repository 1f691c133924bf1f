"""Pool sizes: how many replicas of each pool the whole fleet goes to, where `routing.call_budget_s` is set.

One worker decides from what all say in their heartbeats, and says so again with every sync. When it was not heard for a
while, the first to see that decides. Whoever puts more replicas to work at once decides from then on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any

import orjson

from clients.pools.active_replicas import ActiveReplicas, PoolLoad
from clients.pools.active_set import ActiveSet, Bar
from storage.fleet import Fleet, FleetStore, PoolSize

STALE_S = 5.0
"""A size that was not said again for so long holds no more: each worker goes by its own look until somebody decides."""

MOST_NAMED = 16
"""A heartbeat names so many idle replicas of a pool."""


class PoolSizes:
    """Of one worker. It acts while the fleet is heard; then nothing here waits for others."""

    def __init__(self, active: ActiveReplicas, worker: str) -> None:
        self._active, self._worker = active, worker
        self._loads: Mapping[str, PoolLoad] = {}
        self._unsaid: dict[str, int] = {}
        self._deciding: dict[str, ActiveSet] = {}

    def loads(self) -> dict[str, Any]:
        """What a heartbeat says of each pool."""
        self._loads = self._active.loads()
        self._unsaid |= {name: load.raised for name, load in self._loads.items() if load.raised is not None}
        return {name: asdict(load) | {"free": load.free[:MOST_NAMED]} for name, load in self._loads.items()}

    async def hear(self, store: FleetStore, fleet: Fleet, fleet_ms: float, now_s: float) -> None:
        """Take up the fleet's sizes, and decide those that are this worker's to decide. Raises StoreUnavailable."""
        heard: Mapping[str, list[PoolLoad]] | None = None
        for pool in self._loads:
            held = _fresh(fleet.sizes.get(pool), fleet_ms)
            learn_bars(self._active.bars(pool), fleet.sizes.get(pool), fleet_ms, now_s)
            if pool in self._unsaid:
                held = await self._raise(store, pool, held, fleet.sizes.get(pool), (fleet_ms, now_s))
            elif held is None or held.who == self._worker:
                heard = _heard((await store.heartbeats()).values()) if heard is None else heard
                held = await self._decide(store, pool, fleet.sizes.get(pool), heard.get(pool, []), (fleet_ms, now_s))
            else:
                self._deciding.pop(pool, None)
            if held is not None:
                self._active.follow(pool, held.size, now_s, now_s + STALE_S)

    async def _raise(
        self, store: FleetStore, pool: str, held: PoolSize | None, last: PoolSize | None, at: tuple[float, float]
    ) -> PoolSize | None:
        """More at once. It counts two, and so stands before a step that is decided at the same moment."""
        size = self._unsaid[pool]
        if held is None or (held.size and not held.size >= size > 0):
            bars = stored_bars(self._active.bars(pool), *at)
            held = PoolSize((last.serial if last else 0) + 2, size, self._worker, round(at[0]), bars)
            if not await store.resize(pool, held):
                return None
        self._unsaid.pop(pool, None)
        self._deciding.pop(pool, None)
        return held

    async def _decide(
        self, store: FleetStore, pool: str, last: PoolSize | None, loads: list[PoolLoad], at: tuple[float, float]
    ) -> PoolSize | None:
        """One step at the most; None when somebody else was quicker."""
        fleet_ms, now_s = at
        usable = max((each.usable for each in loads), default=self._loads[pool].usable)
        deciding = self._deciding.get(pool)
        if deciding is None or (last is not None and last.who != self._worker):
            deciding = self._deciding[pool] = ActiveSet(self._active.rules, self._active.bars(pool))
            deciding.follow(last.size if last else self._loads[pool].size, usable, now_s)
        known = [each.call_s for each in loads if each.call_s is not None]
        waited_s = max((each.waited_s for each in loads), default=0.0)
        size = deciding.look(usable, median(known) if known else None, waited_s, now_s)
        serial, bars = (last.serial if last else 0) + 1, stored_bars(self._active.bars(pool), fleet_ms, now_s)
        decided = PoolSize(serial, size if size < usable else 0, self._worker, round(fleet_ms), bars)
        return decided if await store.resize(pool, decided) else None


def stored_bars(bars: Mapping[int, Bar], fleet_ms: float, now_s: float) -> tuple[tuple[int, float, int], ...]:
    """The bars as the fleet is told of them, in its own time; those that are long over are left out."""
    return tuple(
        (size, bar.lasts_s, round(fleet_ms + (bar.until_s - now_s) * 1e3))
        for size, bar in sorted(bars.items())
        if now_s < bar.until_s + bar.lasts_s
    )


def learn_bars(bars: dict[int, Bar], said: PoolSize | None, fleet_ms: float, now_s: float) -> None:
    """Take up what the fleet was told: whoever decides next, or raises, knows what others have tried. A bar lasts no
    longer for a store whose clock has gone back."""
    for size, lasts_s, until_ms in said.bars if said else ():
        until_s = now_s + min((until_ms - fleet_ms) / 1e3, lasts_s)
        if size not in bars or bars[size].until_s < until_s:
            bars[size] = Bar(lasts_s, until_s)


def _fresh(held: PoolSize | None, fleet_ms: float) -> PoolSize | None:
    return held if held is not None and abs(fleet_ms - held.at_ms) < STALE_S * 1e3 else None


def _heard(heartbeats: Iterable[Any]) -> dict[str, list[PoolLoad]]:
    """What each worker says of each pool; earlier versions say nothing of it."""
    loads: dict[str, list[PoolLoad]] = {}
    for beat in heartbeats:
        for pool, told in orjson.loads(beat.content).get("active", {}).items():
            loads.setdefault(pool, []).append(PoolLoad(told["usable"], told["size"], told["call_s"], told["waited_s"]))
    return loads
