"""Gathering: single writes leave as pipelines, at once when none is under way."""

import asyncio
from collections.abc import Sequence

import pytest

from storage.checkpoints import Context, Erased, Verdict, Write
from storage.gather import GatheringWriter
from storage.redis_rules import RedisRules
from streams.errors import StoreUnavailable
from streams.sessions.positions import Position


class SlowStore:
    """Answers a pipeline when it is let to; `sizes` are those of the pipelines so far."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.go = asyncio.Event()
        self.away = False

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        """Nobody loads here."""
        raise AssertionError(shoppers)

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        """All of them, or none."""
        self.sizes.append(len(writes))
        await self.go.wait()
        if self.away:
            raise StoreUnavailable("away")
        return [Verdict.ACCEPTED] * len(writes)


def write(number: int) -> Write:
    return Write(Context(f"s{number}", Position(0, number, 0), 0, "w:1", b""), 1)


async def begin(writer: GatheringWriter, numbers: range) -> list[asyncio.Task[Verdict]]:
    """Writes that begin together, each in its task."""
    tasks = [asyncio.create_task(writer.write(write(number))) for number in numbers]
    for _ in range(4):
        await asyncio.sleep(0)
    return tasks


async def test_the_first_leaves_at_once_and_the_next_gather_meanwhile() -> None:
    """No write waits for a time that was set beforehand; a pipeline holds no more than it may."""
    store = SlowStore()
    writer = GatheringWriter(store, RedisRules(pipeline=5))
    tasks = await begin(writer, range(3))
    assert store.sizes == [3]
    tasks += await begin(writer, range(3, 10))
    assert store.sizes == [3]
    store.go.set()
    assert await asyncio.gather(*tasks) == [Verdict.ACCEPTED] * 10
    assert store.sizes == [3, 5, 2]
    await writer.close()


async def test_all_of_a_pipeline_hear_that_the_store_is_away_and_the_next_try_anew() -> None:
    """A failed pipeline leaves nobody waiting, and none behind it untried."""
    store = SlowStore()
    store.away = True
    store.go.set()
    writer = GatheringWriter(store, RedisRules(pipeline=2))
    found = await asyncio.gather(*await begin(writer, range(3)), return_exceptions=True)
    assert [type(each) for each in found] == [StoreUnavailable] * 3
    store.away = False
    assert await writer.write(write(4)) is Verdict.ACCEPTED


async def test_closing_waits_for_what_is_under_way() -> None:
    """And whoever waits for a write that is cut off is let go."""
    store = SlowStore()
    writer = GatheringWriter(store, RedisRules())
    (task,) = await begin(writer, range(1))
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    assert not closing.done()
    store.go.set()
    await closing
    assert task.done()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await writer.write(write(2))
