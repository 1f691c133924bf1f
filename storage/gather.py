"""Gather: single writes become pipelines, which cost a fraction of single round trips."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from storage.checkpoints import CheckpointStore, Verdict, Write
from storage.redis_rules import RedisRules
from streams.errors import PenchantError


class Writer(Protocol):
    """Writes one checkpoint. Raises StoreUnavailable."""

    async def write(self, write: Write) -> Verdict: ...


Waiting = tuple[Write, "asyncio.Future[Verdict]"]


class GatheringWriter:
    """Collects the writes of many tasks. Each waits for its own verdict; StoreUnavailable goes to all of a pipeline.

    The first write leaves in the next turn of the loop. While a pipeline is under way the next one fills, up to
    `pipeline` writes: nobody waits for a time that was set beforehand, and a busy store is asked less often for more.
    """

    def __init__(self, store: CheckpointStore, rules: RedisRules) -> None:
        self._store, self._rules = store, rules
        self._waiting: list[Waiting] = []
        self._flight: asyncio.Task[None] | None = None

    async def write(self, write: Write) -> Verdict:
        """Write, together with what others write just now. The caller bounds how many do."""
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append((write, answer))
        if self._flight is None:
            self._flight = asyncio.create_task(self._fly())
        return await answer

    async def close(self) -> None:
        """Wait for what is under way; the store's own timeouts bound it."""
        if self._flight is not None:
            await asyncio.gather(self._flight, return_exceptions=True)

    async def _fly(self) -> None:
        """One pipeline after the other, until nobody waits."""
        batch: list[Waiting] = []
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._rules.pipeline], self._waiting[self._rules.pipeline :]
                await self._pipeline(batch)
        except Exception as error:  # noqa: BLE001 # nobody waits for a flight that ended: they hear, and judge it
            _refuse([*batch, *self._waiting], error)
            self._waiting = []
        finally:
            self._flight = None
            for _, answer in [*batch, *self._waiting]:
                answer.cancel()  # nobody waits for ever; no effect on those that are done
            self._waiting = []

    async def _pipeline(self, batch: Sequence[Waiting]) -> None:
        try:
            verdicts = await self._store.write([write for write, _ in batch])
        except Exception as error:  # noqa: BLE001 # each waits for its own, and judges it
            if isinstance(error, PenchantError) or len(batch) == 1:
                _refuse(batch, error)
                return
        else:
            for (_, answer), verdict in zip(batch, verdicts, strict=True):
                if not answer.done():
                    answer.set_result(verdict)
            return
        for one in batch:  # what nobody expected may belong to one of them, and is not to fail the others
            await self._pipeline([one])


def _refuse(batch: Sequence[Waiting], error: Exception) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(error)
