"""The worker: the real parts, put together as penchant/worker/app.py does, with simulated servers around them."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.health.statistics import Meter
from agents.worker.build import Kinds, Ports, StorePorts, build
from agents.worker.erasures import Erasures
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from sandbox.clock import Process
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.events.dialects import Dialect, dialect
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.consumer import Consumer
from tests.simulation.erasure_topic import ErasureReader
from tests.simulation.reason import Reason
from tests.simulation.scale import BROKER_TIMEOUT_S, STORE_TIMEOUT_S, Scale
from tests.simulation.servers import DeadLetterConnection, ModelConnection
from tests.simulation.store import Connection
from tests.simulation.wire import Wire
from tests.simulation.world import Environment

HEAR_EVERY_S = 0.25


def discreet() -> Dialect:
    """The native dialect, as a worker reads its topic."""
    return dialect("native", keyed=True)


@dataclass(frozen=True, slots=True)
class Parts(Kinds):
    """What a worker and its connections are built of. A mutation replaces one of them by a broken one."""

    decoder: Callable[[], Dialect] = discreet
    erasures: Callable[..., Erasures] = Erasures
    connection: Callable[..., Connection] = Connection
    letters: Callable[..., DeadLetterConnection] = DeadLetterConnection
    consumer: Callable[..., Consumer] = Consumer


class Worker:
    """One life of a worker process. `ended` is what ended it: an error, or nothing yet."""

    def __init__(
        self, process: Process, world: Environment, scale: Scale, parts: Parts, chance: random.Random, skew_ms: int
    ) -> None:
        name = self.name = process.name
        self.process, self._world = process, world
        self.ended: BaseException | None = None
        self.store_wire = Wire(world.process, world.store_weather, chance, STORE_TIMEOUT_S, StoreUnavailable)
        self.broker_wire = Wire(world.process, world.broker.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        letters_wire = Wire(world.process, world.letters.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        store = parts.connection(name, world.store, self.store_wire)
        letters = parts.letters(world.letters, letters_wire)
        self._meter = Meter()
        model = ModelConnection(name, world.model, world.trace)
        self.pooled = _pooled(model) if world.plan.pooled else None
        self.erasures = parts.erasures(store, store, 0, ErasureReader(world.erasures, self.broker_wire))
        ports = _ports(
            name, store, letters, self.pooled or model, lambda: world.clock_ms() + skew_ms, self._meter, self.erasures,
            parts.decoder(),
        )  # fmt: skip
        built = build(scale, ports, scale.upkeep, scale.slices, parts)
        self.backlog, self.enrichment = built.memory.backlog, built.enrichment
        self.consumer = parts.consumer(name, world.broker, self.broker_wire, self.enrichment, chance, world.trace)
        self.enrichment.attach(self.consumer)
        self.well_s = self.awake_s = 0.0
        self._tasks: list[Any] = []

    def start(self) -> None:
        """Run until stopped, killed, or ended by an error."""
        beside = [self.pooled.run()] if self.pooled is not None else []
        for running in (self.enrichment.run(), self._consume(), self.erasures.run(HEAR_EVERY_S), *beside):
            task = self.process.create_task(running)
            task.add_done_callback(self._note_end)
            self._tasks.append(task)

    async def _consume(self) -> None:
        """Nobody joins the group who does not know the erasures."""
        while True:
            try:
                await self.erasures.catch_up()
                break
            except (BrokerUnavailable, StoreUnavailable):
                await asyncio.sleep(HEAR_EVERY_S)
        await self.consumer.run()

    def stop(self) -> None:
        """SIGTERM: finish what is nearly done, commit, leave the group."""
        self._world.trace.say(self.name, "stops")
        enriching, consuming, *_ = self._tasks
        consuming.cancel()
        if self.ended is not None:
            return
        stopping = self.process.create_task(self.consumer.stop())
        stopping.add_done_callback(lambda _: enriching.cancel())
        stopping.add_done_callback(self._note_end)

    def kill(self) -> None:
        """SIGKILL."""
        self._world.trace.say(self.name, "is killed")
        self.process.kill()
        self._world.model.hang_up(self.name)
        self._world.broker.ringing.pop(self.name, None)

    def counted(self) -> Counter[str]:
        """What the worker counted."""
        names = ("repeated", "duplicates", "late", "dead_letters", "answers_refused", "call_failures", "rules_intents",
                 "parked", "dropped", "store_failures", "stale_writes", "erased", "opted_out")  # fmt: skip
        return Counter({name: getattr(self._meter, name) for name in names})

    def thaw(self) -> None:
        """SIGCONT; the dead do not hear it."""
        if not self.process.dead:
            self.process.thaw()

    def _note_end(self, task: Any) -> None:
        error = None if task.cancelled() else task.exception()
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        if error is not None and self.ended is None:
            self.ended = error
            self._world.trace.say(self.name, f"ends: {error!r}")


def _pooled(model: ModelConnection) -> PooledClient:
    """The real limiter and router, before two replicas of the one simulated server."""
    replicas = tuple(Endpoint(url=f"http://replica{number}") for number in range(2))
    return PooledClient([Pool("gpus", replicas)], lambda _: model)


def _ports(
    name: str,
    store: Connection,
    letters: DeadLetterConnection,
    model: ModelConnection | PooledClient,
    clock_ms: Callable[[], int],
    meter: Meter,
    erasures: Erasures,
    decoder: Dialect,
) -> Ports:
    return Ports(
        kept=StorePorts(store=store, name=name, clock_ms=clock_ms, erased=erasures.of),
        letters=letters,
        decoder=decoder,
        reasoning=Reason(),
        slots=model.slots("live", "v1") if isinstance(model, PooledClient) else UnlimitedSlots(model),
        meter=meter,
        erasures=erasures,
    )
