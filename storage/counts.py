"""Learned counts in Redis: what each partition taught, all closed days, and the snapshots made of them with the
categories of cards."""

from typing import Protocol

from storage.cards import MOST_CATEGORIES
from storage.connection import Client, ask
from storage.keys import Keys
from streams.errors import StoreCorrupt

KEPT_S = 3 * 86_400
"""What a partition taught is of two days; older than this it says nothing."""

WRITE = """
local lineage = tonumber(redis.call('HGET', KEYS[1], 'lineage'))
local offset = tonumber(redis.call('HGET', KEYS[1], 'offset'))
if lineage and (lineage > tonumber(ARGV[1]) or (lineage == tonumber(ARGV[1]) and offset > tonumber(ARGV[2]))) then
  return 0
end
redis.call('HSET', KEYS[1], 'lineage', ARGV[1], 'offset', ARGV[2], 'body', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""
"""Sets the hash at KEYS[1] whole, unless it covers a later offset: then an older owner of the partition speaks."""


class CountStore(Protocol):
    """The port to them. Every method raises StoreUnavailable or StoreCorrupt."""

    async def lessons(self, partition: int) -> bytes | None: ...

    async def write(self, partition: int, lineage: int, offset: int, body: bytes) -> bool: ...

    async def totals(self) -> bytes | None: ...

    async def close_days(self, totals: bytes) -> None: ...

    async def shelf(self) -> list[str]: ...

    async def publish(self, name: str, body: bytes, keep_s: int) -> None: ...

    async def current(self) -> str: ...

    async def snapshot(self, name: str) -> bytes | None: ...


class RedisCounts:
    """On Redis. `timeout_s` bounds each call as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def lessons(self, partition: int) -> bytes | None:
        """What a partition's shoppers taught; None where that is nothing."""
        return await self._one("HGET", self._keys.lessons(partition), "body")

    async def write(self, partition: int, lineage: int, offset: int, body: bytes) -> bool:
        """Write it whole, with the offset that it covers. False: a later owner has written already."""
        key = self._keys.lessons(partition)
        (done,) = await ask(self._client, [("EVAL", WRITE, 1, key, lineage, offset, body, KEPT_S)], self._timeout_s)
        return bool(done)

    async def totals(self) -> bytes | None:
        """All closed days."""
        return await self._one("GET", self._keys.totals)

    async def close_days(self, totals: bytes) -> None:
        """Write them with the days that were closed since."""
        await ask(self._client, [("SET", self._keys.totals, totals)], self._timeout_s)

    async def shelf(self) -> list[str]:
        """The categories of the shop's products, those of the latest cards last."""
        (found,) = await ask(self._client, [("ZRANGE", self._keys.shelf, -MOST_CATEGORIES, -1)], self._timeout_s)
        if not isinstance(found, list):
            raise StoreCorrupt(self._keys.shelf, "it is no sorted set")
        return [name.decode(errors="replace") for name in found]

    async def publish(self, name: str, body: bytes, keep_s: int) -> None:
        """Make a snapshot the one that rules use, behind it; it is kept for so long."""
        await ask(self._client, [("SET", self._keys.snapshot(name), body, "EX", keep_s)], self._timeout_s)
        await ask(self._client, [("SET", self._keys.learned, name)], self._timeout_s)

    async def current(self) -> str:
        """The name of the snapshot that rules use now; empty where there is none."""
        return ((await self._one("GET", self._keys.learned)) or b"").decode(errors="replace")

    async def snapshot(self, name: str) -> bytes | None:
        """A snapshot by its name; None where it is not kept any more."""
        return await self._one("GET", self._keys.snapshot(name))

    async def _one(self, *command: str) -> bytes | None:
        (found,) = await ask(self._client, [command], self._timeout_s)
        if found is None or isinstance(found, bytes):
            return found
        raise StoreCorrupt(command[1], "it is no string")
