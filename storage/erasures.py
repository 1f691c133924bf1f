"""Erasures in Redis: what is stored of a shopper goes, and a marker stays that the write script minds."""

from collections.abc import AsyncIterator, Collection, Sequence
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.records.erasures import Erasure

SCRIPT = files("storage").joinpath("erase.lua").read_text(encoding="utf-8")
SCANNED = 1_000
"""Members of an owed set looked at in one command."""


class Removed(NamedTuple):
    """What went of a shopper: how many intents and contexts. Nothing does when the erasure is known already."""

    intents: int = 0
    contexts: int = 0


class ErasureStore(Protocol):
    """The port to what must forget. Every method raises StoreUnavailable, and may be repeated."""

    async def erase(self, erasures: Sequence[Erasure]) -> list[Removed]: ...

    async def reached(self) -> int: ...

    async def reach(self, offset: int) -> None: ...


class RedisErasures:
    """The port on Redis. `reached` is up to where the erasure topic was taken over: less than its end after Redis was
    lost or rolled back."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def erase(self, erasures: Sequence[Erasure]) -> list[Removed]:
        """Forget shoppers, in one round trip."""
        replies = await self._ask([self._command(erasure) for erasure in erasures])
        return [Removed(*reply) for reply in replies]

    async def reached(self) -> int:
        """The offset of the erasure topic before which all is taken over."""
        (offset,) = await self._ask([("GET", self._keys.erasures)])
        return int(offset or 0)

    async def reach(self, offset: int) -> None:
        """All before this offset is taken over."""
        await self._ask([("SET", self._keys.erasures, offset)])

    async def unowe(self, shoppers: Collection[str], partitions: int) -> int:
        """Take shoppers out of all owed sets; returns how many marks went."""
        gone = 0
        for partition in range(partitions):
            names = [name async for name in self._marks(partition) if name.split(b":", 3)[-1].decode() in shoppers]
            if names:
                (count,) = await self._ask([("SREM", self._keys.owed(partition), *names)])
                gone += count
        return gone

    async def _marks(self, partition: int) -> AsyncIterator[bytes]:
        cursor = b"0"
        while True:
            ((cursor, names),) = await self._ask([("SSCAN", self._keys.owed(partition), cursor, "COUNT", SCANNED)])
            for name in names:
                yield name
            if int(cursor) == 0:
                return

    def _command(self, erasure: Erasure) -> Command:
        keys, shopper = self._keys, erasure.shopper
        named = (keys.context(shopper), keys.intent(shopper), keys.erasure(shopper))
        fields = [part for pair in erasure.fields().items() for part in pair]
        return ("EVAL", SCRIPT, 3, *named, erasure.number, *fields)

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)
