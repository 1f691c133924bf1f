"""Kafka, Redis and Triton on this machine, started together and always stopped."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

from sandbox.gpu import answers
from sandbox.gpu.timing import Timing
from sandbox.servers.apache import ApacheKafka
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import Server
from sandbox.servers.stand_in import StandIn
from sandbox.servers.triton import TritonServer
from streams.errors import BrokerUnavailable, PlatformLacks

WATCH_S = 0.5

Role = Literal["worker", "shop", "operator"]
"""Who connects: the worker, whoever sends the events, and whoever looks after both (console and commands)."""

Sections = dict[str, dict[str, Any]]
"""Settings by section, as in penchant.toml."""


class Stack:
    """The embedded stack: `async with Stack(folder) as stack`, then `stack.sections()` says how to connect to it.

    Where no tritonserver starts, `triton` is None, `stand_in` takes the calls, and `notes` tells people why and what
    to do; with `model=False` there is neither. Raises PlatformLacks, with the remedy, without a Kafka or Redis.
    """

    def __init__(
        self,
        run_folder: Path,
        *,
        topics: Mapping[str, int] | None = None,
        model: bool = True,
        timing: Timing | None = None,
        answer: str = answers.DEFAULT,
    ) -> None:
        self._run_folder, self._model, self._timing, self._answer = run_folder, model, timing, answer
        self._topics = dict(topics or {})
        self.kafka, self.redis = self._make_stores()
        self.triton: TritonServer | None = None
        self.stand_in: StandIn | None = None
        self.notes: list[str] = []
        self.components: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def sections(self, role: Role = "worker") -> Sections:
        """The settings by which somebody of this role connects; no model where a stand-in answers."""
        del role  # everybody may do everything here
        model = {"model": {"url": self.triton.grpc_address}} if self.triton else {}
        return {"kafka": {"bootstrap": self.kafka.address}, "redis": {"url": self.redis.url}, **model}

    @property
    def reader_url(self) -> str:
        """What a ranker's reader takes."""
        return self.redis.url

    async def stop(self) -> None:
        """Stop what runs, all at once."""
        async with asyncio.TaskGroup() as tasks:
            for server in self._servers():
                tasks.create_task(server.stop())

    async def watch(self, say: Callable[[str], None]) -> None:
        """Until cancelled: say when a server ends by itself, and start it again where its clients look for it.

        Raises BrokerUnavailable when that is Kafka: its data are lost.
        """
        while True:
            await asyncio.sleep(WATCH_S)
            if self.kafka.crashed:
                raise BrokerUnavailable(f"{self.kafka.describe()} ended by itself and has lost its data")
            for server in filter(lambda server: server.crashed, self._servers()):
                say(f"{server.describe()} ended by itself; starting it again")
                await server.start()

    def _make_stores(self) -> tuple[MockKafka | ApacheKafka, RedisServer]:
        return MockKafka(self._run_folder, topics=self._topics), RedisServer(self._run_folder)

    def _make_triton(self) -> TritonServer:
        return TritonServer(self._run_folder, timing=self._timing, answer=self._answer)

    async def _start(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.kafka.start())
                tasks.create_task(self.redis.start())
                if self._model:
                    tasks.create_task(self._start_model())
        except ExceptionGroup as group:
            raise group.exceptions[0] from group
        self.components = {server.name: server.describe() for server in self._servers()}
        if self.stand_in:
            self.components[TritonServer.name] = await self.stand_in.probe()

    async def _start_model(self) -> None:
        try:
            triton = self._make_triton()
            await triton.start()
        except PlatformLacks as exc:
            why = str(exc).splitlines()[0]
            self.stand_in = StandIn(why, timing=self._timing, answer=self._answer)
            self.notes.append(f"{why}; a stand-in in this process answers instead. Remedy: {exc.remedy}")
        else:
            self.triton = triton

    def _servers(self) -> list[Server]:
        return [self.kafka, self.redis, *([self.triton] if self.triton else [])]
