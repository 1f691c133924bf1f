"""Instance: a worker's kafka.instance_id is its own while it runs.

Kafka takes two members of one name for one that has come back, and puts each out of the group as the other joins, for
ever. So the second one does not begin, and the first one goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from storage.instances import HELD_S
from streams.errors import ContractMismatch, StoreUnavailable

KEEP_S = HELD_S / 3
PATIENCE_S = HELD_S + 2.0
"""How long a start waits for the name: a worker that was killed keeps it for as long as it counts as there."""

REMEDY = "give each worker a kafka.instance_id of its own (on Kubernetes the name of its pod), or none at all"

log = structlog.get_logger()


class Instances(Protocol):
    """The port (storage/instances.py). Every method raises StoreUnavailable."""

    async def claim(self, name: str, worker: str) -> str: ...

    async def release(self, name: str, worker: str) -> None: ...

    async def refuse(self, name: str, worker: str) -> None: ...


class Instance:
    """A name that this worker has; None where it has none, and then nothing is to be kept."""

    def __init__(self, instances: Instances, name: str | None, worker: str) -> None:
        self._instances, self._name, self._worker = instances, name, worker
        self._keeping: asyncio.Task[None] | None = None

    async def take(self) -> None:
        """Begin to keep it. Raises ContractMismatch when another worker goes on using it."""
        if self._name is None:
            return
        loop, waits = asyncio.get_running_loop(), False
        until_s = loop.time() + PATIENCE_S
        while (holder := await self._instances.claim(self._name, self._worker)) != self._worker:
            if loop.time() >= until_s:
                await self._instances.refuse(self._name, self._worker)
                raise self._shared(holder)
            if not waits:
                log.info("instance.waits", instance_id=self._name, holder=holder, for_s=PATIENCE_S)
            waits = True
            await asyncio.sleep(1.0)
        self._keeping = asyncio.create_task(self._keep(self._name))

    async def watch(self) -> None:
        """As long as it is kept; raises ContractMismatch when another worker took it while we were frozen, or the store
        was away."""
        if self._keeping is not None:
            await asyncio.shield(self._keeping)

    async def release(self) -> None:
        """The next one need not wait."""
        if self._name is None or self._keeping is None:
            return
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)
        with suppress(StoreUnavailable):
            await self._instances.release(self._name, self._worker)

    async def _keep(self, name: str) -> None:
        """While the store is away it is ours as far as we know."""
        while True:
            await asyncio.sleep(KEEP_S)
            with suppress(StoreUnavailable):
                holder = await self._instances.claim(name, self._worker)
                if holder != self._worker:
                    raise self._shared(holder)

    def _shared(self, holder: str) -> ContractMismatch:
        return ContractMismatch(f"the worker {holder} has kafka.instance_id {self._name} too, and runs", REMEDY)


@asynccontextmanager
async def instance(instances: Instances, name: str | None, worker: str) -> AsyncIterator[Instance]:
    """The name, taken; given back at the end."""
    taken = Instance(instances, name, worker)
    try:
        await taken.take()
        yield taken
    finally:
        await taken.release()
