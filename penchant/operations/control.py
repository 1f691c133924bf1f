"""Control: what operators see of a fleet, and what they decide for all of it."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import orjson

from agents.experiments.active_experiments import UNDECIDED
from agents.fleet.forecast import KEPT, Forecast, forecast, slot_of
from agents.fleet.switches import NAMES, Name, Switches, SwitchValue, checked, load
from penchant.operations.activity_topic import copy_activity
from penchant.operations.experiments import ExperimentView, experiment_view
from penchant.settings.pseudonym import pseudonym
from penchant.settings.root import Settings
from storage.activity import Activity, append_activity, read_activity
from storage.connection import Client
from storage.fleet import ExperimentDecision
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from streams.errors import SettingInvalid, StoreUnavailable

TRIES = 5


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The switches in force, the last heartbeat of each worker that is alive, by its name, the experiments, and what
    the calls of all workers are expected to be."""

    switches: Switches
    workers: dict[str, dict[str, Any]]
    experiments: tuple[ExperimentView, ...]
    forecast: Forecast | None = None

    def obeyed(self, name: Name) -> int:
        """How many of the workers go by the switch as it stands: thrown at that time, or put back."""
        thrown = self.switches.thrown.get(name)
        at_ms = thrown.at_ms if thrown else None
        return sum(told.get("obeys", {}).get(name) == at_ms for told in self.workers.values())

    @property
    def idle(self) -> dict[str, list[str]]:
        """The model servers that no worker goes to, by pool, where routing.call_budget_s leaves some idle."""
        told = [each["active"] for each in self.workers.values() if each.get("active")]
        pools = {pool for each in told for pool in each}
        free = {pool: [set(each[pool]["free"]) for each in told if pool in each] for pool in pools}
        return {pool: sorted(set.intersection(*free[pool])) for pool in sorted(pools)}

    @property
    def lingering(self) -> list[Name]:
        """Switches that were put back, which some workers still go by."""
        return [name for name in NAMES if name not in self.switches.thrown and self.obeyed(name) < len(self.workers)]


async def fleet_status(settings: Settings) -> FleetStatus:
    """What stands there now, for the experiments of the settings. StoreUnavailable, StoreCorrupt."""
    async with _fleet(settings) as store:
        fleet, heartbeats = await store.read(), await store.heartbeats()
        slot = slot_of((fleet.at_ms or _now_ms()) / 1e3)
        history = await store.demand(slot, 0, slot - KEPT)
    workers = {name: orjson.loads(beat.content) | {"age_ms": beat.age_ms} for name, beat in heartbeats.items()}
    views = tuple(experiment_view(fleet, each) for each in settings.experiments)
    return FleetStatus(load(fleet.switches), workers, views, forecast(history, slot))


async def throw(settings: Settings, name: str, value: str, who: str, why: str = "") -> SwitchValue:
    """Set a switch for all; SettingInvalid when there is none of the name, or not of that value."""
    known = _known(name)
    if known == "prompt_version":
        settings.prompts.template(value)
    thrown = SwitchValue(checked(known, value), who, _now_ms(), why)
    async with _fleet(settings) as store:
        await store.throw(known, thrown.dump(), Activity("switch", known, thrown.value, who, why))
    await copy_activity(settings)
    return thrown


async def put_back(settings: Settings, name: str, who: str, why: str = "") -> bool:
    """Take a switch back; returns whether it was thrown. Again is harmless."""
    known = _known(name)
    async with _fleet(settings) as store:
        was_thrown = await store.throw(known, None, Activity("switch", known, "clear", who, why))
    await copy_activity(settings)
    return was_thrown


async def decide(settings: Settings, name: str, decision: ExperimentDecision) -> ExperimentDecision:
    """Bring an experiment forward, or back. What stands already is left as it is; returns what stands then.

    The serial number, time and definition are filled in here.
    """
    experiment = next((each for each in settings.experiments if each.name == name), None)
    if experiment is None:
        known = ", ".join(each.name for each in settings.experiments) or "none is there"
        raise SettingInvalid(f"there is no experiment {name} in the settings", f"name one of them: {known}")
    async with _fleet(settings) as store:
        for _ in range(TRIES):
            held = (await store.read()).decisions.get(name, UNDECIDED)
            if held.state == decision.state:
                return held
            serial = held.serial + 1
            wanted = replace(decision, serial=serial, at_ms=_now_ms(), definition=experiment.definition)
            if await store.decide(name, wanted):
                await copy_activity(settings)
                return wanted
    raise StoreUnavailable(f"others decide on {name} all the time")


async def activity(settings: Settings, newest: int) -> list[Activity]:
    """So many of the newest entries of the activity log, the newest first. StoreUnavailable."""
    await copy_activity(settings)
    async with _redis(settings) as (redis, keys):
        return await read_activity(redis, keys, settings.redis.timeout_s, newest)


async def note_shoppers(
    settings: Settings,
    kind: Literal["erasure", "unmasking"],
    value: str,
    shoppers: Sequence[str],
    who: str,
    why: str = "",
) -> None:
    """Write into the activity log what is done with shoppers; several are one entry. StoreUnavailable.

    One stands there as a hash, keyed as model.session_key says or by the namespace: the log outlives an erasure.
    """
    name = pseudonym(settings, shoppers[0]) if len(shoppers) == 1 else f"{len(shoppers)} shoppers"
    async with _redis(settings) as (redis, keys):
        await append_activity(redis, keys, settings.redis.timeout_s, Activity(kind, name, value, who, why))
    await copy_activity(settings)


async def note_replay(settings: Settings, namespace: str | None, command: str, who: str, why: str = "") -> None:
    """Write into the activity log that a replay begins or goes on in a namespace, or over the live keys. A topic of
    activity has it with the next decision: a replay needs no right to write there. StoreUnavailable."""
    entry = Activity("replay", namespace or settings.redis.namespace, command, who, why)
    async with _redis(settings) as (redis, keys):
        await append_activity(redis, keys, settings.redis.timeout_s, entry)


def _known(name: str) -> Name:
    for known in NAMES:
        if known == name.replace("-", "_"):
            return known
    raise SettingInvalid(f"there is no switch {name!r}", f"it is one of: {', '.join(NAMES).replace('_', '-')}")


@asynccontextmanager
async def _fleet(settings: Settings) -> AsyncIterator[RedisFleet]:
    async with _redis(settings) as (redis, keys):
        yield RedisFleet(redis, keys, settings.redis.timeout_s)


@asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[tuple[Client, Keys]]:
    redis = settings.redis.connect()
    try:
        yield redis, Keys(settings.redis.namespace)
    finally:
        await redis.aclose()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
