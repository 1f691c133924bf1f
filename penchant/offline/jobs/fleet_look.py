"""Look: what a runner sees of the fleet once a second: live load, forecast, what operators decided, and all jobs."""

from dataclasses import dataclass

import orjson

from agents.fleet.forecast import KEPT, Forecast, forecast, slot_of
from agents.fleet.switches import Switches, load
from agents.jobs.share import LiveLoad, LoadWatch, growth, room
from penchant.settings.operation import Jobs as JobRules
from storage.jobs import Jobs, RedisJobs
from storage.redis_fleet import RedisFleet

UNBOUNDED = 1_000_000
"""Calls that jobs may have in flight where no worker is: the servers' own limits count."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What all jobs together may have in flight, and what stands of them."""

    room: int
    jobs: Jobs


class FleetLook:
    """Looks at the fleet. The forecast is made anew when its five minutes begin."""

    def __init__(self, fleet: RedisFleet, jobs: RedisJobs, rules: JobRules) -> None:
        self._fleet, self._jobs, self._rules = fleet, jobs, rules
        self._watch, self._slot = LoadWatch(), -1
        self._forecast: Forecast | None = None

    async def look(self) -> Seen:
        """Raises StoreUnavailable, StoreCorrupt."""
        jobs = await self._jobs.read()
        switches = load((await self._fleet.read()).switches)
        slot = slot_of(jobs.at_ms / 1e3)
        if slot != self._slot:
            history = await self._fleet.demand(slot, 0, slot - KEPT)
            self._slot, self._forecast = slot, forecast(history, slot)
        live = await self._live()
        found = room(live, self._watch.look(live.in_flight), growth(self._forecast), self._rules.share)
        return Seen(_switched(found, switches), jobs)

    async def _live(self) -> LiveLoad:
        beats = [orjson.loads(beat.content) for beat in (await self._fleet.heartbeats()).values()]
        in_flight, waiting = (sum(int(beat.get(name) or 0) for beat in beats) for name in ("in_flight", "owed"))
        largest = max((int(beat.get("limit") or 0) for beat in beats), default=UNBOUNDED)
        return LiveLoad(in_flight, self._rules.in_flight or largest, waiting)


def _switched(found: int, switches: Switches) -> int:
    """As operators decided: how much of it jobs may have."""
    return int(found * switches.number("share_batch", 1.0))
