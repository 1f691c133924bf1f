"""Held: the replays that stand in Redis, how far each came, and what one of them would change."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from penchant.operations.replay.compare import Comparison, compare
from penchant.settings.root import Settings
from storage.connection import Client
from storage.keys import Keys
from storage.places import RedisPlaces
from storage.progress import HeldReplay, RedisProgress
from storage.scan import shoppers
from streams.errors import SettingInvalid

MOST = 50
"""Namespaces that are looked at."""

LOOKED_AT, VISITED = 2_000, 100_000
"""Shoppers of a namespace that are compared with what is live, at the most, and the keys among which they are looked
for."""

NAMED = "name one that a replay wrote to"


class NamedReplay(NamedTuple):
    """A replay and the namespace that holds it."""

    namespace: str
    held: HeldReplay


@dataclass(frozen=True, slots=True)
class Differences:
    """What is live beside a replay's intents, and how the prompts differ, line by line: empty where they are the same,
    or one is no longer there."""

    comparison: Comparison
    prompts: str


async def held_replays(settings: Settings) -> list[NamedReplay]:
    """Those of every namespace, in order. StoreUnavailable."""
    async with _redis(settings) as redis:
        live, within_s = Keys(settings.redis.namespace), settings.redis.timeout_s
        names = await RedisPlaces(redis, live, within_s).read("namespace")
        found = [(name, await RedisProgress(redis, live.of(name), within_s, {}).read()) for name in names[:MOST]]
    return [NamedReplay(name, held) for name, held in found if held is not None]


async def differences(settings: Settings, namespace: str) -> Differences:
    """Of those whom the replay's namespace holds, a bounded number. StoreUnavailable; SettingInvalid where it holds no
    replay."""
    async with _redis(settings) as redis:
        live, within_s = Keys(settings.redis.namespace), settings.redis.timeout_s
        if namespace not in await RedisPlaces(redis, live, within_s).read("namespace"):
            raise SettingInvalid(f"the namespace {namespace} holds no replay", NAMED)
        keys = live.of(namespace)
        held = await RedisProgress(redis, keys, within_s, {}).read()
        if held is None:
            raise SettingInvalid(f"the namespace {namespace} holds no replay any more", NAMED)
        names = [name async for some in shoppers(redis, keys, LOOKED_AT, VISITED) for name in some]
        comparison = await compare(redis, live, keys, names, within_s)
    prompt = settings.prompts.named(held.plan.get("prompt", ""))
    return Differences(comparison, settings.prompts.diff(settings.prompt.version, prompt) if prompt else "")


@asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[Client]:
    redis = settings.redis.connect()
    try:
        yield redis
    finally:
        await redis.aclose()
