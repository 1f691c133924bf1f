"""Stalest: the intents that took longest, or are still waited for, found by a scan of the namespace."""

import heapq
import time
from typing import Any, NamedTuple

from penchant.operations.inspection.why import largest, parts
from penchant.settings.root import Settings
from prompts.words import mission_text
from storage.connection import Client, ask
from storage.keys import Keys
from storage.scan import shoppers
from streams.records.intents import Intent
from streams.sessions.positions import Position


class Stale(NamedTuple):
    """How late an intent is: since its last event while newer ones wait for a call, else until it was written. `wants`
    is what it says in a few words, made of its codes and names alone; `cause` is the part that took most of it."""

    late_ms: float
    shopper: str
    owed: bool
    source: str
    replica: str
    reason: str
    wants: str
    cause: str


async def stalest(settings: Settings, most: int, scan: int, visited: int | None = None) -> tuple[list[Stale], int]:
    """The worst, latest first, of so many intents that were looked at; with `visited`, of so many keys of any kind.
    Raises StoreUnavailable."""
    keys, now_ms = Keys(settings.redis.namespace), time.time_ns() / 1e6
    redis = settings.redis.connect()
    worst: list[Stale] = []
    looked = 0
    try:
        async for some in shoppers(redis, keys, scan, visited):
            looked += len(some)
            found = await _read(redis, keys, some, settings.redis.timeout_s, now_ms)
            worst = heapq.nlargest(most, [*worst, *found])
    finally:
        await redis.aclose()
    return worst, looked


def judge(shopper: str, doc: bytes, owed: bool, stored: Position | None, now_ms: float) -> Stale:  # noqa: FBT001 # as stored
    """How late one intent is, and the largest part of that."""
    intent = Intent.load(doc)
    waits = owed and stored is not None and stored > Position.parse(intent.position)
    found = parts(intent, now_ms)
    worst = largest(found, made=not waits)
    late_ms = now_ms - intent.as_of_ms if waits else intent.written_at_ms - intent.as_of_ms
    wants = mission_text(intent.stage, intent.categories, intent.brands, intent.price_band)
    reason = f"{worst.name} {worst.ms:,.0f} ms"
    return Stale(late_ms, shopper, owed, intent.source, intent.replica, reason, wants, worst.name)


async def _read(redis: Client, keys: Keys, some: list[str], within_s: float, now_ms: float) -> list[Stale]:
    commands: list[Any] = []
    for shopper in some:
        commands.append(("HGET", keys.intent(shopper), "doc"))
        commands.append(("HMGET", keys.context(shopper), "lineage", "offset", "generation", "owed"))
    replies = await ask(redis, commands, within_s)
    return [
        judge(shopper, doc, stored[3] == b"1", Position(*map(int, stored[:3])) if stored[0] else None, now_ms)
        for shopper, doc, stored in zip(some, replies[::2], replies[1::2], strict=True)
        if doc is not None
    ]
