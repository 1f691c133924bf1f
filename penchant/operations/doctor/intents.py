"""Intents: are there some that rankers read in two round trips, since a worker of an earlier contract wrote them?"""

from collections.abc import Sequence
from typing import Any

from penchant.operations.doctor.findings import INFO, Finding
from penchant.settings.root import Settings
from storage.connection import ask
from storage.keys import Keys
from storage.packed import PACKED
from storage.scan import shoppers
from streams.errors import StoreUnavailable

MOST, VISITED = 500, 5_000
"""Intents that are looked at, and keys of any kind among which they are looked for."""


async def examine(settings: Settings) -> list[Finding]:
    """What some of the namespace's intents look like; nothing where there are none, or the user may not look."""
    redis, keys = settings.redis.connect(connections=1), Keys(settings.redis.namespace)
    replies: list[Any] = []
    try:
        async for some in shoppers(redis, keys, MOST, VISITED):
            commands = [("HMGET", keys.intent(shopper), PACKED, "schema") for shopper in some]
            replies += await ask(redis, commands, settings.redis.timeout_s)
    except StoreUnavailable as exc:
        if "NoPermission" in str(exc):
            return []
        raise
    finally:
        await redis.aclose()
    return judge(replies)


def judge(replies: Sequence[tuple[bytes | None, bytes | None]]) -> list[Finding]:
    """Of `packed` and `schema` of each; a hash that went meanwhile has neither."""
    held = [packed for packed, schema in replies if schema is not None]
    lacking = held.count(None)
    if not held:
        return []
    if not lacking:
        return [Finding("intents", INFO, f"{len(held)} that were looked at have the packed field of contract 3")]
    found = (
        f"{lacking} of {len(held)} that were looked at have no packed field, and readers need a second round trip for "
        "them: workers of an earlier version wrote them, or names in them are long or have tabs"
    )
    return [Finding("intents", INFO, found)]
