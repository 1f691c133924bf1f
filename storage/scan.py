"""Scan: who has an intent in a namespace, and what a set holds, some at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from redis.exceptions import RedisClusterException, RedisError

from storage.connection import Client, Command
from storage.keys import Keys
from streams.errors import StoreUnavailable

CHUNK = 500

MEMBERS = 1_000
"""Members of a set in one command: a million at once would hold Redis, and our event loop, for seconds."""

Ask = Callable[[Sequence[Command]], Awaitable[Sequence[Any]]]
"""Asks Redis; raises StoreUnavailable."""


async def shoppers(
    client: Client, keys: Keys, most: int, visited: int | None = None, cut: Callable[[], None] = lambda: None
) -> AsyncIterator[list[str]]:
    """Shoppers with an intent, some at a time, `most` in all; one may come twice. With `visited` no more keys of any
    kind are looked at: a namespace that holds few, in a Redis that holds many, is not searched to its end. `cut` hears
    when one of the bounds ended it. Raises StoreUnavailable."""
    before, after = keys.intent("\0").split("\0")
    pattern = f"{before}*{after}" if visited is None else None
    chunk: list[str] = []
    looked = seen = 0
    try:
        async for raw in client.scan_iter(match=pattern, count=CHUNK):
            seen += 1
            if (key := raw.decode(errors="replace")).startswith(before) and key.endswith(after):
                chunk.append(key[len(before) : -len(after)])
                looked += 1
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
            if looked == most or seen == visited:
                cut()
                break
    except (RedisError, RedisClusterException, OSError) as exc:
        raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc
    if chunk:
        yield chunk


async def members(key: str, ask: Ask) -> AsyncIterator[list[bytes]]:
    """What a set holds. One that is there all the while comes at least once, perhaps twice. Raises as `ask` does."""
    cursor = b"0"
    while True:
        ((cursor, some),) = await ask([("SSCAN", key, cursor, "COUNT", MEMBERS)])
        yield some
        if int(cursor) == 0:
            return
