"""Loads: what is asked for in one turn of the event loop is loaded in one round trip."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from storage.checkpoints import Context, Erased
from streams.errors import StoreCorrupt, StoreUnavailable

MOST = 512
"""Contexts asked for in one pipeline: half a megabyte of answers."""

Found = list[Context | Erased | None]
Asked = tuple[Sequence[str], "asyncio.Future[Found]"]


class Loads:
    """Partitions whose batches came with the same poll load side by side. The first to ask also loads for the others:
    if it is cut off, they hear that the store is away, and ask again."""

    def __init__(self, load: Callable[[Sequence[str]], Awaitable[Found]]) -> None:
        self._load = load
        self._asked: list[Asked] = []

    async def load(self, shoppers: Sequence[str]) -> Found:
        """What is stored of each, in the order asked. Raises what the store raises."""
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._asked.append((shoppers, answer))
        if len(self._asked) == 1:
            await self._lead()
        return await answer

    async def _lead(self) -> None:
        asked: list[Asked] = []
        try:
            await asyncio.sleep(0)
            asked, self._asked = self._asked, []
            await self._load_all(asked)
        except asyncio.CancelledError:
            asked = asked or self._asked
            self._asked = [each for each in self._asked if each not in asked]
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(StoreUnavailable("Redis: the load was cut off"))
                    answer.exception()  # it counts as heard: our own is not awaited
            raise

    async def _load_all(self, asked: Sequence[Asked]) -> None:
        """In as few round trips as hold them, at least one shopper list in each."""
        while asked:
            count = 1
            while count < len(asked) and sum(len(shoppers) for shoppers, _ in asked[: count + 1]) <= MOST:
                count += 1
            together, asked = asked[:count], asked[count:]
            await self._together(together)

    async def _together(self, asked: Sequence[Asked]) -> None:
        try:
            found = await self._load([shopper for shoppers, _ in asked for shopper in shoppers])
        except Exception as error:  # noqa: BLE001 # each hears it, and judges it
            if isinstance(error, StoreCorrupt) and len(asked) > 1:
                for one in asked:  # it belongs to one of them, and is not to end what the others do
                    await self._together([one])
                return
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
            return
        for shoppers, answer in asked:
            mine, found = found[: len(shoppers)], found[len(shoppers) :]
            if not answer.done():
                answer.set_result(mine)
