"""Servers: a real Apache Kafka and a real Redis for a benchmark, and a core that they leave to what is measured."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from penchant.offline.facts import cores, facts
from sandbox.servers.apache import ApacheKafka
from sandbox.servers.redis import RedisServer

FORGET_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Servers:
    """`core` is left free by the servers; None where there is only one, which all share."""

    kafka: ApacheKafka
    redis: RedisServer
    core: int | None

    @property
    def word(self) -> str:
        """`core` as processes take it among their arguments: empty for any."""
        return "" if self.core is None else str(self.core)

    @property
    def components(self) -> dict[str, str]:
        """What they really are."""
        return {"kafka": self.kafka.describe(), "redis-server": self.redis.describe()}

    async def forget(self) -> None:
        """Empty Redis, so that the next round begins as the first did."""
        async with Redis.from_url(self.redis.url, socket_timeout=FORGET_WITHIN_S) as client:
            await client.flushall(asynchronous=True)


async def staged(
    bench: str, folder: Path, measure: Callable[[Servers], Awaitable[dict[str, Any]]], *, quick: bool
) -> dict[str, Any]:
    """What was measured on servers of our own, as a report with machine, versions and commit.

    PlatformLacks without Java, Maven or a Redis.
    """
    report = facts(bench, quick=quick)
    async with servers(folder) as stage:
        found = await measure(stage)
    report["versions"] |= stage.components | found.pop("versions", {})
    return report | found


@asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[Servers]:
    """Started together, stopped with the block. Until then this process and its children keep off `core`."""
    usable = cores()
    core = max(usable) if len(usable) > 1 and hasattr(os, "sched_setaffinity") else None
    kafka, redis = await asyncio.to_thread(ApacheKafka, folder), RedisServer(folder)
    if core is not None:
        os.sched_setaffinity(0, usable - {core})
    try:
        async with asyncio.TaskGroup() as starting:
            starting.create_task(kafka.start())
            starting.create_task(redis.start())
        yield Servers(kafka, redis, core)
    finally:
        await asyncio.gather(kafka.stop(), redis.stop())
        if core is not None:
            os.sched_setaffinity(0, usable)
