"""Sync: once a second a worker says how it is and what became of its calls, and hears what was decided for the fleet.

While Redis is away the last known state stays in force, and nothing waits for it.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import structlog

from agents.fleet.forecast import Demand
from agents.fleet.judge import ExperimentJudge
from agents.fleet.pool_sizes import PoolSizes
from agents.fleet.switches import Switches, SwitchState, load
from storage.fleet import Fleet, FleetStore
from streams.errors import StoreCorrupt, StoreUnavailable

EVERY_S = 1.0

log = structlog.get_logger()


class FleetSync:
    """One for a worker. `heartbeat` says how it is, as plain values; what it obeys is added. `calls` says how many it
    has begun; `sizes` are there where the fleet goes to as few servers as it can.

    `away` says why the fleet cannot be read; `read_s` is when it last was, on the event loop's clock.
    """

    def __init__(
        self,
        store: FleetStore,
        judge: ExperimentJudge,
        switch_state: SwitchState,
        heartbeat: Callable[[], Mapping[str, Any]],
        clock_ms: Callable[[], int],
        calls: Callable[[], int] = lambda: 0,
        sizes: PoolSizes | None = None,
    ) -> None:
        self._store, self._judge, self._switch_state = store, judge, switch_state
        self.demand, self._sizes = Demand(calls), sizes
        self._heartbeat, self._clock_ms = heartbeat, clock_ms
        self.active_experiments = judge.active_experiments
        self.away: str | None = None
        self.read_s: float | None = None
        self._ahead_ms: float | None = None

    async def run(self) -> None:
        """Look until cancelled; then leave the fleet."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY_S)
        finally:
            await self._leave()

    async def look(self) -> Fleet | None:
        """Look once; None while the fleet cannot be read."""
        active = {} if self._sizes is None else {"active": self._sizes.loads()}
        heartbeat = orjson.dumps(dict(self._heartbeat()) | active | {"obeys": self._obeyed()})
        try:
            fleet = await self._store.sync(self._judge.worker, heartbeat, self._judge.counted(self._fleet_ms()))
            self.read_s = asyncio.get_running_loop().time()
            self._ahead_ms = None if fleet.at_ms is None else fleet.at_ms - self.read_s * 1e3
            self._switch_state.workers = max(fleet.workers, 1)
            await self._judge.hear(self._store, fleet, self._fleet_ms(), self.read_s)
            self._obey(load(fleet.switches))
            if self._sizes is not None:
                await self._sizes.hear(self._store, fleet, self._fleet_ms(), self.read_s)
            await self.demand.note(self._store, self._fleet_ms() / 1e3)
        except (StoreUnavailable, StoreCorrupt) as error:
            self._note(error)
            return None
        self._note(None)
        return fleet

    def _fleet_ms(self) -> float:
        """The store's time, as far as its last answer tells."""
        if self._ahead_ms is None:
            return self._clock_ms()
        return asyncio.get_running_loop().time() * 1e3 + self._ahead_ms

    def _obeyed(self) -> dict[str, int]:
        """The switches in force here, each by the time at which it was thrown."""
        return {name: thrown.at_ms for name, thrown in self._switch_state.now.thrown.items()}

    def _obey(self, switches: Switches) -> None:
        before = self._switch_state.now.thrown
        for name, thrown in switches.thrown.items():
            if before.get(name) != thrown:
                log.warning("switch.thrown", switch=name, value=thrown.value, who=thrown.who, why=thrown.why)
        for name in before.keys() - switches.thrown.keys():
            log.info("switch.back", switch=name)
        self._switch_state.now = switches

    def _note(self, error: StoreUnavailable | StoreCorrupt | None) -> None:
        if error is not None and self.away is None:
            log.warning("fleet.away", error=str(error), then="what was last decided stays in force")
        if error is None and self.away is not None:
            log.info("fleet.back")
        self.away = None if error is None else str(error)

    async def _leave(self) -> None:
        try:
            await self._store.leave(self._judge.worker)
        except StoreUnavailable as error:
            log.debug("fleet.not_left", error=str(error), then="it is forgotten when nothing was heard for a while")
