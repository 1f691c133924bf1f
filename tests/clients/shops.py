"""A shop in virtual time: shoppers who call again and again, through pools of simulated servers."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from clients.calls import Class
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.registry import Notice, RegistryRules
from clients.pools.replicas import Replica
from clients.pools.router import RoutingRules
from streams.errors import DeadlinePassed, ModelUnavailable
from tests.clients.virtual import call
from tests.fakes.queueing_server import QueueingServer


@dataclass
class Shop:
    """`errors` counts what callers saw, by its name; `notices` are what operators were told."""

    servers: dict[str, QueueingServer]
    client: PooledClient
    notices: list[Notice]
    errors: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def replica(self, name: str) -> Replica:
        """One by its name."""
        return next(replica for replica in self.client.replicas if replica.name == name)

    def enter(self, shoppers: int, *, pause_s: float = 0.5, deadline_s: float = 10.0, of: Class = "live") -> None:
        """So many shoppers come, who stay until the end."""
        for number in range(len(self.tasks), len(self.tasks) + shoppers):
            self.tasks.append(asyncio.ensure_future(self._shop(number, pause_s, deadline_s, of)))

    async def leave(self) -> None:
        """All of them go; calls under way are cancelled."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()

    async def until(self, happened: Callable[[], bool], within_s: float = 60.0) -> None:
        """Let time pass until it has happened."""
        for _ in range(int(within_s * 100)):
            if happened():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("it did not happen")

    def brief_notices(self) -> list[tuple[str, str]]:
        """The notices, in short."""
        return [(notice.kind, notice.replica) for notice in self.notices]

    async def _shop(self, number: int, pause_s: float, deadline_s: float, of: Class) -> None:
        now, chance = asyncio.get_running_loop().time, random.Random(number)
        while True:
            await asyncio.sleep(chance.expovariate(1 / pause_s))
            try:
                await self.client.complete(call(now() + deadline_s, f"shopper-{number}", of))
            except (ModelUnavailable, DeadlinePassed) as error:
                self.errors[type(error).__name__] += 1
            else:
                self.answers += 1


def pool(*names: str, name: str = "main") -> Pool:
    """A pool of equal servers."""
    return Pool(name, tuple(Endpoint(url=f"http://{name}") for name in names))


@asynccontextmanager
async def open_shop(
    pools: Sequence[Pool],
    servers: Sequence[QueueingServer],
    routing: RoutingRules | None = None,
    registry: RegistryRules | None = None,
) -> AsyncIterator[Shop]:
    """A shop without shoppers."""
    by_name = {server.name: server for server in servers}
    notices: list[Notice] = []
    client = PooledClient(
        pools, lambda endpoint: by_name[endpoint.address], registry, routing, notices.append, random.Random(0)
    )
    shop = Shop(by_name, client, notices)
    running = asyncio.ensure_future(client.run())
    try:
        yield shop
    finally:
        await shop.leave()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await client.close()
        for server in servers:
            assert server.opened == server.closed
            assert server.running == 0
        for replica in client.replicas:
            assert replica.running == replica.limiter.in_flight.total() == replica.limiter.tokens == 0
