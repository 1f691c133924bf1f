"""Instances: which worker has a name that no two may have at once (kafka.instance_id). A lease in Redis."""

from typing import NamedTuple

from storage.connection import Client, ask
from storage.keys import Keys

HELD_S = 6
"""How long a name stays with a worker that was not heard of."""

REFUSED_S = 600
"""How long it is remembered whom a name was refused."""

CLAIM = """
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return held end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""

RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class Holder(NamedTuple):
    """Who has a name, and whom it was refused lately."""

    worker: str | None
    refused: str | None


class RedisInstances:
    """The names of one consumer group. Every method raises StoreUnavailable, or StoreCorrupt."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float, group: str) -> None:
        self._client, self._keys, self._timeout_s, self._group = client, keys, timeout_s, group

    async def claim(self, name: str, worker: str) -> str:
        """Take a name, or keep it, for `HELD_S`; returns who has it then."""
        key = self._keys.instance(self._group, name)
        (holder,) = await ask(self._client, [("EVAL", CLAIM, 1, key, worker, HELD_S)], self._timeout_s)
        return str(holder.decode())

    async def release(self, name: str, worker: str) -> None:
        """Give a name back; nothing, where somebody else has it."""
        key = self._keys.instance(self._group, name)
        await ask(self._client, [("EVAL", RELEASE, 1, key, worker)], self._timeout_s)

    async def refuse(self, name: str, worker: str) -> None:
        """Remember whom it was refused, for `penchant doctor`."""
        key = self._keys.refused(self._group, name)
        await ask(self._client, [("SET", key, worker, "EX", REFUSED_S)], self._timeout_s)

    async def look(self, name: str) -> Holder:
        """Who has it."""
        keys = self._keys.instance(self._group, name), self._keys.refused(self._group, name)
        found = await ask(self._client, [("GET", key) for key in keys], self._timeout_s)
        return Holder(*(each.decode() if each is not None else None for each in found))
