"""Fleet: heartbeats and switches, as operators see and throw them."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from agents.fleet.switch_watch import living
from agents.fleet.switches import NAMES, Name, Switches, SwitchValue, checked, load
from penchant.settings.root import Settings
from prompts.render import versions
from storage.connection import connect
from storage.fleet import RedisFleet
from storage.keys import Keys
from streams.errors import SettingInvalid


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The switches in force, and the last heartbeat of each worker that is alive, by its name."""

    switches: Switches
    workers: dict[str, dict[str, Any]]


async def fleet_status(settings: Settings) -> FleetStatus:
    """What stands there now. StoreUnavailable."""
    async with _store(settings) as store:
        seen = await store.read()
    return FleetStatus(load(seen.switches), living(seen, _now_ms()))


async def throw(settings: Settings, name: str, value: str, who: str) -> SwitchValue:
    """Set a switch for all; SettingInvalid when there is none of the name, or not of that value."""
    known = _known(name)
    if known == "prompt_version" and value not in versions():
        raise SettingInvalid(f"there is no prompt version {value!r}", f"choose one of: {', '.join(versions())}")
    thrown = SwitchValue(checked(known, value), who, _now_ms())
    async with _store(settings) as store:
        await store.throw(known, thrown.dump())
    return thrown


async def put_back(settings: Settings, name: str) -> None:
    """Take a switch back; again is harmless."""
    async with _store(settings) as store:
        await store.throw(_known(name), None)


def _known(name: str) -> Name:
    for known in NAMES:
        if known == name.replace("-", "_"):
            return known
    raise SettingInvalid(f"there is no switch {name!r}", f"it is one of: {', '.join(NAMES).replace('_', '-')}")


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[RedisFleet]:
    redis = connect(settings.redis.url, cluster=settings.redis.cluster)
    try:
        yield RedisFleet(redis, Keys(settings.redis.namespace), settings.redis.timeout_s, NAMES)
    finally:
        await redis.aclose()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
