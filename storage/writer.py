"""Checkpoints in Redis: one script for a shopper, one pipeline for many."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.resources import files
from itertools import chain
from typing import Any, Literal

import orjson
from redis.exceptions import NoScriptError

from storage.checkpoints import Context, Erased, Verdict, Write
from storage.connection import Client, Command, ask, ask_primaries
from storage.contexts import FIELDS, MARKER, decode
from storage.intents import intent_fields
from storage.keys import Keys
from storage.loads import Loads
from storage.scan import members
from storage.watermarks import Watermarks
from streams.errors import StoreUnavailable

Operation = Literal["load", "write", "owed"]
"""A round trip: sessions read, sessions and intents written, or marks of what is owed."""

Timed = Callable[[Operation, float], None]
"""Hears how many seconds an answered round trip took."""

SCRIPT = files("storage").joinpath("write.lua").read_text(encoding="utf-8")
SHA = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class RedisCheckpoints:
    """The ports of storage/checkpoints.py on Redis.

    `timeout_s` bounds each call as a whole, however many shoppers are in it. The caller closes the client that it made.
    With `watermarks` nothing is loaded from a node that has lost erasures. `timed` hears of each answered round trip.
    """

    def __init__(
        self,
        client: Client,
        keys: Keys,
        timeout_s: float,
        watermarks: Watermarks | None = None,
        timed: Timed = lambda _, __: None,
    ) -> None:
        self._client, self._keys, self._timeout_s, self._timed = client, keys, timeout_s, timed
        self._watermarks = watermarks or Watermarks(client, keys, timeout_s)
        self._loads = Loads(self._load)

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        """What is stored of each shopper, in the order asked, in one round trip with what others ask for just now."""
        return await self._loads.load(shoppers)

    async def _load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        keys = self._keys
        commands: list[Command] = []
        for shopper in shoppers:
            # The context first: if the shopper is erased in between, the marker tells that what was read is no more.
            commands.append(("HMGET", keys.context(shopper), *FIELDS))
            commands.append(("HMGET", keys.erasure(shopper), *MARKER))
        behind = await self._watermarks.commands() if self._watermarks.needed.offsets else []
        replies = await self._ask("load", [*commands, *behind])
        read = len(commands)
        self._watermarks.check(replies[read:])
        return [
            decode(shopper, keys.context(shopper), values, marker)
            for shopper, values, marker in zip(shoppers, replies[:read:2], replies[1:read:2], strict=True)
        ]

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        """Write each checkpoint whole or not at all, in one round trip; a verdict each, in the order given.

        After StoreUnavailable any of them may have been written. Writing them again is safe: those are then COVERED.
        On a cluster one node, or one slot that is open, may fail alone: then its writes are UNDECIDED.
        """
        commands = [self._command(write) for write in writes]
        replies = await self._ask("write", commands, singly=True)
        unknown = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            again = await self._teach([commands[at] for at in unknown])
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return [_verdict(reply) for reply in replies]

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        """Add shoppers to the partition's owed set; those already there stay."""
        if shoppers:
            await self._ask("owed", [("SADD", self._keys.owed(partition), *shoppers)])

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        """Take shoppers out of the partition's owed set; those not there are no error."""
        if shoppers:
            await self._ask("owed", [("SREM", self._keys.owed(partition), *shoppers)])

    async def owed(self, partition: int) -> list[str]:
        """The partition's owed set, in no order."""
        found: dict[str, None] = {}
        async for some in members(self._keys.owed(partition), partial(self._ask, "owed")):
            found.update((shopper.decode(), None) for shopper in some)
        return list(found)

    async def incarnation(self) -> str:
        """The same text for all who ask, until acknowledged writes may have been lost.

        A restart changes the run id, a failover the replication id too. Lost data takes the nonce with it, and whoever
        asks next sets another: FLUSHALL shows, and so does a roll-back to before the first question. On a cluster the
        ids are those of all primaries, and the nonce lies on one of them.
        """
        nonce = self._keys.nonce
        info = await ask_primaries(self._client, ("INFO",), self._timeout_s)
        _, held = await ask(self._client, [("SET", nonce, secrets.token_hex(8), "NX"), ("GET", nonce)], self._timeout_s)
        lives = [f"{server.get('run_id', '')}:{server.get('master_replid', '')}" for server in info]
        return ":".join([*lives, held.decode()])

    def _command(self, write: Write) -> Command:
        context, intent, keys = write.context, write.intent, self._keys
        shopper = context.shopper
        named = (keys.context(shopper), keys.intent(shopper), keys.erasure(shopper))
        head = (*context.position, context.partition, context.owner, context.erasure, int(context.owed))
        bounds = (write.context_expires_at_ms, write.base, int(write.base_owed))
        command = ("EVALSHA", SHA, 3, *named, context.session, _strings((*head, *bounds)))
        if intent is None:
            return command
        shown = chain.from_iterable(intent_fields(intent).items())
        tail = [str(write.intent_expires_at_ms), *intent.position.split(":"), intent.source, *shown]
        return (*command, intent.dump(), orjson.dumps(tail))

    async def _teach(self, commands: Sequence[Command]) -> list[Any]:
        """A new server does not know the script: send it, and then the commands that need it again."""
        await ask_primaries(self._client, ("SCRIPT LOAD", SCRIPT), self._timeout_s)
        replies = await self._ask("write", commands, singly=True)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            raise StoreUnavailable("Redis: scripts are being flushed")
        return replies

    async def _ask(self, operation: Operation, commands: Sequence[Command], *, singly: bool = False) -> list[Any]:
        now = asyncio.get_running_loop().time
        began_s = now()
        replies = await ask(self._client, commands, self._timeout_s, singly=singly)
        self._timed(operation, now() - began_s)
        return replies


def _verdict(reply: Any) -> Verdict:
    return Verdict.UNDECIDED if isinstance(reply, StoreUnavailable) else Verdict(reply.decode())


def _strings(values: Iterable[object]) -> bytes:
    """As write.lua reads them: numbers too go as strings, since Lua would round large ones."""
    return orjson.dumps([str(value) for value in values])
