"""Stored calls: what stands in Redis of the calls that a worker had made when it was killed."""

from collections.abc import Sequence

from redis.asyncio import Redis

from agents.worker.owed_set import read
from benchmarks.progress_file import Asked
from storage.keys import Keys
from streams.sessions.positions import Position


class StoredCalls:
    """Reads the marks and intents of a Redis."""

    def __init__(self, url: str, partitions: int) -> None:
        self._url, self._partitions, self._keys = url, partitions, Keys()

    async def not_stored(self, answered: Sequence[Asked]) -> int:
        """How many calls had an answer that did not come to stand in Redis."""
        stored = await self._intents([asked.shopper for asked in answered])
        return sum(offset < asked.offset for asked, offset in zip(answered, stored, strict=True))

    async def still_marked(self) -> int:
        """How many are marked as owed a call whose intent stands in Redis: the mark goes after the intent is there."""
        async with Redis.from_url(self._url, decode_responses=True) as client:
            found = [await client.smembers(self._keys.owed(number)) for number in range(self._partitions)]
        marks = [read(number, [str(mark) for mark in each]) for number, each in enumerate(found)]
        named = [mark for each in marks for mark in each]
        stored = await self._intents([shopper for shopper, _ in named])
        return sum(offset >= position.offset for (_, position), offset in zip(named, stored, strict=True))

    async def _intents(self, shoppers: Sequence[str]) -> list[int]:
        """The offsets of stored intents, -1 where there is none."""
        async with Redis.from_url(self._url, decode_responses=True) as client:
            pipe = client.pipeline(transaction=False)
            for shopper in shoppers:
                pipe.hget(self._keys.intent(shopper), "position")
            positions = await pipe.execute()
        return [-1 if position is None else Position.parse(position).offset for position in positions]
