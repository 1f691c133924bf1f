"""The fleet in Redis: heartbeats of its workers, and the switches that operators threw for all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage.connection import Client, Command, ask
from storage.keys import Keys

SWITCH = "switch:"
"""How the fields of the control hash begin that are switches."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands there: the switches that were thrown, by name, and each worker's last heartbeat."""

    switches: Mapping[str, bytes] = field(default_factory=dict)
    beats: Mapping[str, bytes] = field(default_factory=dict)


class FleetStore(Protocol):
    """The port. Every method raises StoreUnavailable."""

    async def beat(self, worker: str, heartbeat: bytes) -> Seen: ...

    async def read(self) -> Seen: ...

    async def throw(self, name: str, thrown: bytes | None) -> None: ...

    async def bury(self, workers: Collection[str]) -> None: ...


class RedisFleet:
    """The port on Redis, for switches of these names."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float, names: Sequence[str]) -> None:
        self._client, self._keys, self._timeout_s, self._names = client, keys, timeout_s, names

    async def beat(self, worker: str, heartbeat: bytes) -> Seen:
        """Say how it is, and see how all are, in one round trip."""
        return self._seen(await self._ask([("HSET", self._keys.fleet, worker, heartbeat), *self._reads()]))

    async def read(self) -> Seen:
        """See how all are."""
        return self._seen(await self._ask(self._reads()))

    async def throw(self, name: str, thrown: bytes | None) -> None:
        """Set a switch for all, or put it back."""
        control, name = self._keys.control, SWITCH + name
        await self._ask([("HDEL", control, name) if thrown is None else ("HSET", control, name, thrown)])

    async def bury(self, workers: Collection[str]) -> None:
        """Forget the heartbeats of workers that are gone."""
        if workers:
            await self._ask([("HDEL", self._keys.fleet, *workers)])

    def _reads(self) -> list[Command]:
        fields = [SWITCH + name for name in self._names]
        return [("HMGET", self._keys.control, *fields), ("HGETALL", self._keys.fleet)]

    def _seen(self, replies: Sequence[Any]) -> Seen:
        values, beats = replies[-2:]
        switches = {name: value for name, value in zip(self._names, values, strict=True) if value is not None}
        return Seen(switches, {name.decode(): value for name, value in beats.items()})

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)
