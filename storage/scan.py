"""Scan: who has an intent in a namespace."""

from collections.abc import AsyncIterator

from redis.exceptions import RedisClusterException, RedisError

from storage.connection import Client
from storage.keys import Keys
from streams.errors import StoreUnavailable

CHUNK = 500


async def shoppers(client: Client, keys: Keys, most: int) -> AsyncIterator[list[str]]:
    """Shoppers with an intent, some at a time, `most` in all; one may come twice. Raises StoreUnavailable."""
    before, after = keys.intent("\0").split("\0")
    chunk: list[str] = []
    looked = 0
    try:
        async for key in client.scan_iter(match=f"{before}*{after}", count=CHUNK):
            chunk.append(key.decode()[len(before) : -len(after)])
            looked += 1
            if len(chunk) == CHUNK or looked == most:
                yield chunk
                chunk = []
            if looked == most:
                return
    except (RedisError, RedisClusterException, OSError) as exc:
        raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc
    if chunk:
        yield chunk
