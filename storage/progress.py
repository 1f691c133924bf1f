"""Progress of a replay in Redis: what a namespace holds, and how far each partition came, so a crash costs little."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson
from redis.exceptions import RedisClusterException, RedisError

from storage.connection import Client, ask
from storage.keys import Keys
from streams.errors import StoreUnavailable

KEPT_MS = 8 * 86_400_000
"""What a namespace holds is told for longer than what a replay wrote there stays."""

CHUNK = 500


class HeldReplay(NamedTuple):
    """The replay that a namespace holds: what it was of, the offset to go on at in each partition, and whether it is
    done."""

    plan: Mapping[str, str]
    offsets: Mapping[int, int]
    is_done: bool


class RedisProgress:
    """Of one namespace. `plan` says what is replayed. Every method raises StoreUnavailable."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float, plan: Mapping[str, str]) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s
        self._plan = orjson.dumps(dict(plan), option=orjson.OPT_SORT_KEYS)

    async def read(self) -> HeldReplay | None:
        """What the namespace holds, if a replay was begun there."""
        (found,) = await ask(self._client, [("HGETALL", self._keys.replay)], self._timeout_s)
        values = {name.decode(): value for name, value in found.items()}
        if "plan" not in values:
            return None
        plan, is_done = orjson.loads(values.pop("plan")), values.pop("done", b"") == b"1"
        return HeldReplay(plan, {int(number): int(offset) for number, offset in values.items()}, is_done)

    async def write(self, offsets: Mapping[int, int], *, done: bool = False) -> None:
        """Remember how far it came, and whether it is done."""
        fields = [part for pair in offsets.items() for part in pair]
        key = self._keys.replay
        told: tuple[bytes | str | int, ...] = ("HSET", key, "plan", self._plan, "done", int(done), *fields)
        await ask(self._client, [told, ("PEXPIRE", key, KEPT_MS)], self._timeout_s)

    async def clear(self) -> None:
        """Delete what the namespace holds of shoppers, and that it holds a replay. Names may have colons: only what has
        a shopper right behind the namespace is its own."""
        names: list[bytes] = [self._keys.replay.encode()]
        try:
            found = self._client.scan_iter(match=f"{self._keys.namespace}:{{*", count=CHUNK)
            names += [name async for name in found]
        except (RedisError, RedisClusterException, OSError) as exc:
            raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc
        for first in range(0, len(names), CHUNK):
            await ask(self._client, [("UNLINK", name) for name in names[first : first + CHUNK]], self._timeout_s)
