"""Erasures in Redis: what is stored of a shopper goes, and a marker stays that the write script minds."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple, Protocol

from storage.connection import Client, Command, ask
from storage.contexts import MARKER, marker
from storage.keys import Keys
from storage.places import RedisPlaces
from storage.scan import MEMBERS, members
from storage.watermarks import Watermarks
from streams.errors import StoreUnavailable
from streams.records.erasures import Erasure
from streams.records.watermark import Watermark

SCRIPT = files("storage").joinpath("erase.lua").read_text(encoding="utf-8")


class Removed(NamedTuple):
    """What went of a shopper in a namespace: whether an intent, a context and kept answers. An intent or a context of
    later events stays."""

    intents: int = 0
    contexts: int = 0
    answers: int = 0


Outcome = Mapping[str, Removed] | StoreUnavailable
"""What went, by namespace; or why it is not known: the shopper's part of the store did not say, while others did."""


class ErasureStore(Protocol):
    """The port to what must forget. Every method raises StoreUnavailable, and may be repeated."""

    async def erase(self, erasures: Sequence[Erasure]) -> Sequence[Outcome]: ...

    async def reached(self) -> Watermark: ...

    async def reach(self, mark: Watermark) -> None: ...


class RedisErasures:
    """The port on Redis. `reached` is up to where the erasure topic was taken over by every node: less than its end
    after one of them was lost or rolled back."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float, watermarks: Watermarks | None = None) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s
        self._watermarks = watermarks or Watermarks(client, keys, timeout_s)
        self._places = RedisPlaces(client, keys, timeout_s)

    async def erase(self, erasures: Sequence[Erasure]) -> list[Outcome]:
        """Forget shoppers in all namespaces that there are, in two round trips."""
        others = await self._places.read("namespace")
        spaces = list(dict.fromkeys([self._keys.live or self._keys.namespace, *others]))
        commands = [self._command(erasure, spaces) for erasure in erasures]
        replies = await ask(self._client, commands, self._timeout_s, singly=True)
        return [reply if isinstance(reply, StoreUnavailable) else _removed(spaces, reply) for reply in replies]

    async def markers(self, shoppers: Sequence[str]) -> list[Erasure | None]:
        """Each shopper's last erasure, as far as the store knows."""
        replies = await self._ask([("HMGET", self._keys.erasure(shopper), *MARKER) for shopper in shoppers])
        return [marker(shopper, reply) for shopper, reply in zip(shoppers, replies, strict=True)]

    async def clock_ms(self) -> int:
        """The store's own clock, by which erasures are numbered: one for all hosts that ask for them."""
        commands: list[Command] = [("EVAL", "return redis.call('TIME')", 1, self._keys.places)]
        ((seconds, microseconds),) = await self._ask(commands)
        return int(seconds) * 1_000 + int(microseconds) // 1_000

    async def reached(self) -> Watermark:
        """Before it all is taken over, by every node."""
        return await self._watermarks.read()

    async def reach(self, mark: Watermark) -> None:
        """All before it is taken over. From now on a node that lacks it is not believed."""
        await self._watermarks.raise_to(mark)

    async def owed(self, shopper: str, partitions: int) -> int:
        """How many marks of owed calls the shopper has."""
        found = 0
        for partition in range(partitions):
            async for name in self._marks(partition):
                found += _marked(name) == shopper
        return found

    async def unowe(self, shoppers: Collection[str], partitions: int) -> Counter[str]:
        """Take shoppers out of all owed sets; returns how many marks went of each."""
        gone: Counter[str] = Counter()
        for partition in range(partitions):
            names = [name async for name in self._marks(partition) if _marked(name) in shoppers]
            for first in range(0, len(names), MEMBERS):
                some = names[first : first + MEMBERS]
                await self._ask([("SREM", self._keys.owed(partition), *some)])
                gone.update(map(_marked, some))
        return gone

    async def _marks(self, partition: int) -> AsyncIterator[bytes]:
        async for some in members(self._keys.owed(partition), self._ask):
            for name in some:
                yield name

    def _command(self, erasure: Erasure, spaces: Sequence[str]) -> Command:
        shopper = erasure.shopper
        named = [self._keys.erasure(shopper)]
        for keys in map(self._keys.of, spaces):
            named += [keys.context(shopper), keys.intent(shopper), keys.answers(shopper)]
        fields = [part for pair in erasure.fields().items() for part in pair]
        return ("EVAL", SCRIPT, len(named), *named, erasure.number, *fields)

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)


def _removed(spaces: Sequence[str], reply: Sequence[int]) -> Mapping[str, Removed]:
    counts = zip(reply[::3], reply[1::3], reply[2::3], strict=True)
    return {space: Removed(*each) for space, each in zip(spaces, counts, strict=True)}


def _marked(name: bytes) -> str:
    """The shopper of an owed mark (agents/worker/owed_set.py)."""
    return name.split(b":", 3)[-1].decode()
