"""The connection of one process to the store."""

from collections.abc import Callable, Sequence
from functools import partial

from storage.checkpoints import Context, Erased, Verdict, Write
from storage.erasures import Outcome
from streams.errors import StoreUnavailable
from streams.records.erasures import Erasure
from streams.records.intents import Intent
from streams.records.watermark import Watermark
from tests.simulation.store import Store
from tests.simulation.wire import Wire


class Connection:
    """One process's connection: the ports of storage/checkpoints.py."""

    def __init__(self, who: str, store: Store, wire: Wire) -> None:
        self.who, self.store, self.wire = who, store, wire
        self.needed = Watermark()
        self.frozen: Callable[[], bool] = lambda: False
        self.allows: Callable[[Intent], bool] = lambda _: True

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        found, reached = await self.wire.ask(lambda: (self.store.read(shoppers), self.store.data.reached))
        if not reached.reaches(self.needed):
            raise StoreUnavailable("the store has lost erasures")
        return found

    async def erase(self, erasures: Sequence[Erasure]) -> list[Outcome]:
        return await self.wire.ask(partial(self.store.forgets, self.who, erasures))

    async def reached(self) -> Watermark:
        return await self.wire.ask(self.store.said)

    async def reach(self, mark: Watermark) -> None:
        await self.wire.ask(partial(self.store.has_come_to, mark))
        self.needed = mark

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        if self.frozen():
            self.store.wrong.append(f"switch: {self.who} writes, though the store is frozen")
        for intent in (write.intent for write in writes):
            if intent is not None and not self.allows(intent):
                self.store.wrong.append(f"arm: {self.who} writes an intent of {intent.shopper}, who is held out")
        return await self.wire.ask(partial(self.store.take, self.who, writes))

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        await self.wire.ask(partial(self.store.add, self.who, partition, tuple(shoppers)))

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        await self.wire.ask(partial(self.store.remove, self.who, partition, tuple(shoppers)))

    async def owed(self, partition: int) -> list[str]:
        return await self.wire.ask(partial(self.store.members, partition))

    async def incarnation(self) -> str:
        return await self.wire.ask(self.store.name)
