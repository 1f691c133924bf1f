"""Freezable: a store that operators can hold still. Reading goes on; what is to be written waits in memory."""

from collections.abc import Callable, Sequence
from typing import Protocol

from storage.checkpoints import CheckpointStore, Context, Erased, Incarnation, OwedStore, Verdict, Write
from streams.errors import StoreUnavailable


class Store(CheckpointStore, OwedStore, Incarnation, Protocol):
    """All three ports."""


class FreezableStore:
    """Like the store, unless `frozen` says why not. A frozen one counts as away: nothing is committed past what it
    holds, nobody is restarted for what waits, and all of it is written when it thaws."""

    def __init__(self, store: Store, frozen: Callable[[], str | None]) -> None:
        self._store, self._frozen = store, frozen

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        """As the store."""
        return await self._store.load(shoppers)

    async def owed(self, partition: int) -> list[str]:
        """As the store."""
        return await self._store.owed(partition)

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        """As the store, unless it is frozen."""
        self._check()
        return await self._store.write(writes)

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        """As the store, unless it is frozen."""
        self._check()
        await self._store.owe(partition, shoppers)

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        """As the store, unless it is frozen."""
        self._check()
        await self._store.settle(partition, shoppers)

    async def incarnation(self) -> str:
        """As the store, unless it is frozen: so that everybody hears of it where they look for a store that is away."""
        self._check()
        return await self._store.incarnation()

    def _check(self) -> None:
        if why := self._frozen():
            raise StoreUnavailable(f"writes are frozen {why}".rstrip())
