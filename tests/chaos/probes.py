"""Probes: what an orchestrator would have heard from /alive, and restarted a worker for."""

import asyncio

import httpx

from sandbox.servers.server import LOOPBACK

EVERY_S = 0.5
WITHIN_S = 1.0  # Kubernetes' default


class Probes:
    """Asks every port that it was given. Who does not answer is not up, or stopped: that is for others to notice."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.heard = 0
        self.failed: list[str] = []

    async def run(self) -> None:
        """Ask until cancelled."""
        async with httpx.AsyncClient(trust_env=False, timeout=WITHIN_S) as client:
            while True:
                await asyncio.gather(*(self._ask(client, name, port) for name, port in self.ports.items()))
                await asyncio.sleep(EVERY_S)

    async def _ask(self, client: httpx.AsyncClient, name: str, port: int) -> None:
        try:
            answer = await client.get(f"http://{LOOPBACK}:{port}/alive")
        except httpx.TransportError:
            return
        self.heard += 1
        if answer.status_code != httpx.codes.OK:
            self.failed.append(f"{name}: {answer.text}")
