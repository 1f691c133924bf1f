"""A real Redis Cluster of three nodes on loopback, with a replica each where that is asked for, without redis-cli."""

import asyncio
import random
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from sandbox.servers.redis import Binary, RedisServer
from sandbox.servers.server import LOOPBACK

NODES = 3
SLOTS = 16_384
BUS = 10_000
"""How far above its port a node listens for the other nodes; up to 6.2 this is not to be chosen."""

LOW, HIGH = 12_000, 22_000
"""Ports that systems do not hand out, nor those ten thousand above."""

FORM_WITHIN_S = 60.0


class ClusterNode(RedisServer):
    """One node, which belongs to no cluster yet."""

    def __init__(self, run_folder: Path, binary: Binary | None, timeout_ms: int) -> None:
        super().__init__(run_folder, binary=binary)
        self.ports, self._timeout_ms = (free_port(),), timeout_ms

    def command(self) -> Sequence[str]:
        """As a cluster's node."""
        return [*super().command(), "--cluster-enabled", "yes", "--cluster-node-timeout", str(self._timeout_ms)]


class RedisCluster:
    """Three nodes that know each other, a third of the slots each. Every key lives on one of them, and on its replica
    where there are some: that of the first node is the first one's. A node counts as failed after `timeout_ms`."""

    def __init__(
        self, folder: Path, binary: Binary | None = None, *, has_replicas: bool = False, timeout_ms: int = 30_000
    ) -> None:
        self.nodes = [ClusterNode(folder / f"node-{number}", binary, timeout_ms) for number in range(NODES)]
        count = NODES if has_replicas else 0
        self.replicas = [ClusterNode(folder / f"replica-{number}", binary, timeout_ms) for number in range(count)]
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """The URL of one of the nodes, from which a client finds the others."""
        return self.nodes[0].url

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for node in [*self.nodes, *self.replicas]:
                await stack.enter_async_context(node)
            await self._form()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def formed(self) -> None:
        """Return when all nodes are there and agree."""
        async with asyncio.timeout(FORM_WITHIN_S):
            while not all([await self._formed(node) for node in self.nodes]):  # noqa: ASYNC110 (Redis has no event)
                await asyncio.sleep(0.05)

    async def _form(self) -> None:
        for number, node in enumerate(self.nodes):
            slots = range(number * SLOTS // NODES, (number + 1) * SLOTS // NODES)
            await ask(node, "CLUSTER ADDSLOTS", *slots)
            await ask(node, "CLUSTER SET-CONFIG-EPOCH", number + 1)
        for node in [*self.nodes[1:], *self.replicas]:
            await ask(self.nodes[0], "CLUSTER MEET", LOOPBACK, node.ports[0])
        await self.formed()
        for node, replica in zip(self.nodes, self.replicas, strict=False):
            await self._replicate(replica, await ask(node, "CLUSTER MYID"))

    async def _replicate(self, replica: RedisServer, of: str) -> None:
        async with asyncio.timeout(FORM_WITHIN_S):
            while True:
                with suppress(ResponseError):  # it has not heard of that node yet
                    await ask(replica, "CLUSTER REPLICATE", of)
                    return
                await asyncio.sleep(0.05)

    async def _formed(self, node: RedisServer) -> bool:
        info = await ask(node, "CLUSTER INFO")
        known = len(self.nodes) + len(self.replicas)
        return bool(info["cluster_state"] == "ok" and info["cluster_known_nodes"] == str(known))


async def ask(node: RedisServer, command: str, *arguments: object) -> Any:
    """What a node itself says to a command."""
    async with Redis.from_url(node.url, decode_responses=True) as client:
        return await client.execute_command(command, *arguments)  # type: ignore[no-untyped-call] # redis-py


def free_port() -> int:
    """One that a node of a cluster can take: it is free, and the one for the bus too."""
    while True:
        port = random.SystemRandom().randrange(LOW, HIGH)
        if _free(port) and _free(port + BUS):
            return port


def _free(port: int) -> bool:
    with socket.socket() as tried:
        try:
            tried.bind((LOOPBACK, port))
        except OSError:
            return False
        return True
