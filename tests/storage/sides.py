"""The two stores, in memory and in Redis, behind one face: the ports, and what lies past them."""

import time
from collections.abc import Sequence
from typing import Protocol

from redis.asyncio import RedisCluster

from storage.checkpoints import CheckpointStore, Context, Incarnation, OwedStore, Verdict, Write
from storage.connection import Client
from storage.erasures import RedisErasures
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.records.erasures import Erasure
from streams.records.intents import Intent, Mission, PriceBand, Source, Stage, Weighted, Window
from streams.sessions.positions import Position
from tests.fakes.store import MemoryStore

DAY_MS = 86_400_000


def now_ms() -> int:
    """The time by which both stores expire their values."""
    return time.time_ns() // 1_000_000


class Store(CheckpointStore, OwedStore, Incarnation, Protocol):
    """All the ports of a store."""


class Side(Protocol):
    """A store and what its ports do not show."""

    @property
    def store(self) -> Store: ...

    async def intent_hash(self, shopper: str) -> dict[str, str]: ...

    async def erase(self, erasure: Erasure) -> None: ...

    async def lose_context(self, shopper: str) -> None: ...

    async def flush(self) -> None: ...


class MemorySide:
    """The fake."""

    def __init__(self) -> None:
        self.store = MemoryStore(now_ms)

    async def intent_hash(self, shopper: str) -> dict[str, str]:
        """What a ranker would read."""
        return self.store.intent_hash(shopper)

    async def erase(self, erasure: Erasure) -> None:
        """What `penchant forget` does."""
        await self.store.erase([erasure])

    async def lose_context(self, shopper: str) -> None:
        """What eviction does."""
        self.store.lose_context(shopper)

    async def flush(self) -> None:
        """What FLUSHALL does."""
        self.store.flush()


class RedisSide:
    """The real one, in a namespace of its own."""

    def __init__(self, client: Client, namespace: str, timeout_s: float = 5) -> None:
        self.client, self.keys = client, Keys(namespace)
        self.store = RedisCheckpoints(client, self.keys, timeout_s)
        self.erasures = RedisErasures(client, self.keys, timeout_s)

    async def intent_hash(self, shopper: str) -> dict[str, str]:
        """What a ranker would read."""
        found = await self.client.hgetall(self.keys.intent(shopper))
        return {_text(name): _text(value) for name, value in found.items()}

    async def erase(self, erasure: Erasure) -> None:
        """What `penchant forget` does."""
        await self.erasures.erase([erasure])

    async def lose_context(self, shopper: str) -> None:
        """What eviction does."""
        await self.client.delete(self.keys.context(shopper))

    async def flush(self) -> None:
        """What FLUSHALL does, to this namespace alone: others use the server too."""
        everywhere = {"target_nodes": RedisCluster.PRIMARIES} if isinstance(self.client, RedisCluster) else {}
        if keys := await self.client.keys(f"{self.keys.namespace}:*", **everywhere):
            await self.client.delete(*keys)


def intent(shopper: str, position: Position, stage: Stage = "compare", source: Source = "model") -> Intent:
    """An intent with something in every hot field."""
    return Intent(
        shopper=shopper,
        mission=Mission(label="kitchen", text="Wants a quiet kettle."),
        stage=stage,
        categories=(Weighted(name="home/mugs", weight=0.2), Weighted(name="home/kettles", weight=0.8)),
        brands=(Weighted(name="Ålesund", weight=1.0),),
        price_band=PriceBand(low=19.99, high=60.0, currency="EUR"),
        confidence=0.7,
        window=Window(from_ms=1_000, to_ms=9_000, events=4),
        as_of_ms=9_000,
        written_at_ms=9_250,
        source=source,
        position=str(position),
    )


def write(
    shopper: str = "ada",
    position: tuple[int, int, int] = (0, 5, 0),
    *,
    partition: int = 3,
    owner: str = "w1:1",
    erasure: int = 0,
    session: bytes = b"\x00session\xff",
    lives_ms: int = DAY_MS,
    intent_lives_ms: int | None = DAY_MS,
    source: Source = "model",
    base: int = -1,
    base_owed: bool = False,
    owed: bool = False,
) -> Write:
    """A checkpoint that lives a day. Without `intent_lives_ms` it is a parked session."""
    place = Position(*position)
    context = Context(shopper, place, partition, owner, session, erasure, owed)
    if intent_lives_ms is None:
        return Write(context, now_ms() + lives_ms, base=base, base_owed=base_owed)
    shown = intent(shopper, place, source=source)
    return Write(context, now_ms() + lives_ms, shown, now_ms() + intent_lives_ms, base, base_owed)


async def put(side: Side, *writes: Write) -> Sequence[Verdict]:
    """Write one after the other."""
    return [verdict for each in writes for verdict in await side.store.write([each])]


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
