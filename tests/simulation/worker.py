"""The worker: the real parts, put together as penchant/worker/app.py does, with simulated servers around them."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge
from agents.fleet.switches import Name, SwitchState
from agents.fleet.sync import FleetSync
from agents.health.probes import Health
from agents.health.snapshot import PartitionVitals, Vitals
from agents.health.statistics import Meter
from agents.rekey.rekey import Rekey
from agents.worker.asking import Asking
from agents.worker.build import Kinds, Ports, StorePorts, build
from agents.worker.erasures import Erasures
from agents.worker.routes import ExperimentRouter, Route, Router
from agents.worker.shadow import Shadow
from agents.worker.switched import SwitchedRouter
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from sandbox.clock import Process
from storage.freezable import FreezableStore
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.events.dialects import Dialect, DialectName, dialect
from streams.kafka.batches import TP
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.arms import ArmConnection, ShadowConnection
from tests.simulation.connection import Connection
from tests.simulation.consumer import Consumer
from tests.simulation.control import ControlConnection
from tests.simulation.erasure_topic import ErasureReader
from tests.simulation.held_out import KnownTrial
from tests.simulation.odd_decoder import OddDecoder
from tests.simulation.progress import ALIVE_S, Progress
from tests.simulation.reason import Reason
from tests.simulation.scale import BROKER_TIMEOUT_S, STORE_TIMEOUT_S, Scale
from tests.simulation.servers import DeadLetterConnection, ModelConnection
from tests.simulation.wire import Weather, Wire
from tests.simulation.world import Environment

HEAR_EVERY_S = 0.25
UNDECIDED_S = 2.0


def discreet(name: DialectName) -> Dialect:
    """A dialect, as a worker reads its topic."""
    return dialect(name, keyed=True)


@dataclass(frozen=True, slots=True)
class Parts(Kinds):
    """What a worker and its connections are built of. A mutation replaces one of them by a broken one."""

    decoder: Callable[[DialectName], Dialect] = discreet
    erasures: Callable[..., Erasures] = Erasures
    connection: Callable[..., Connection] = Connection
    letters: Callable[..., DeadLetterConnection] = DeadLetterConnection
    consumer: Callable[..., Consumer] = Consumer
    freezable: Callable[..., FreezableStore] = FreezableStore
    router: Callable[..., ExperimentRouter] = ExperimentRouter
    trial: Callable[..., KnownTrial] = KnownTrial
    rekey: Callable[..., Rekey] = Rekey
    switched: Callable[..., SwitchedRouter] = SwitchedRouter
    health: Callable[..., Health] = Health
    reason: Callable[..., Reason] = Reason


class Worker:
    """One life of a worker process. `ended` is what ended it: an error, or nothing yet."""

    def __init__(
        self,
        process: Process,
        world: Environment,
        scale: Scale,
        parts: Parts,
        chance: random.Random,
        skew_ms: Callable[[], int],
    ) -> None:
        name = self.name = process.name
        self.process, self._world = process, world
        self.ended: BaseException | None = None
        self.store_wire = Wire(world.process, world.store_weather, chance, STORE_TIMEOUT_S, StoreUnavailable)
        self.broker_wire = Wire(world.process, world.broker.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        letters_wire = Wire(world.process, world.letters.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        lineage, self.switch_state = world.plan.conditions.lineage, SwitchState()
        self._parts, self._trial, self._scale = parts, parts.trial(on=world.plan.conditions.tried), scale
        connection = parts.connection(name, world.store, self.store_wire)
        connection.frozen = lambda: self.obeys("freeze_writes")
        connection.allows = lambda intent: self._trial.allows(
            intent.shopper, intent.written_at_ms, world.clock_ms() + skew_ms()
        )
        store = parts.freezable(connection, lambda: "frozen" if self.obeys("freeze_writes") else None)
        letters = parts.letters(world.letters, letters_wire)
        self._meter, self._outcomes = Meter(), Outcomes()
        model = ModelConnection(name, world.model, world.trace)
        self.pooled = _pooled(model) if world.plan.pooled else None
        self.erasures = parts.erasures(connection, store, lineage, ErasureReader(world.erasures, self.broker_wire))
        self._control = ControlConnection(world.control, self.store_wire)
        beside = ShadowConnection(name, world, self.erasures.of, lambda: self._control.heard_back_s)
        reason = parts.reason(world.snapshots.taken_up(world.chance(f"learned:{name}"), lambda: world.clock.now_s))
        self.shadow = Shadow(("x", "beside"), reason, beside, scale.calls, self._outcomes, self._meter)
        slots = self.pooled.slots("live", "v1") if self.pooled is not None else UnlimitedSlots(model)
        ports = Ports(
            kept=StorePorts(
                store=store,
                name=name,
                clock_ms=lambda: world.clock_ms() + skew_ms(),
                lineage=lineage,
                erased=self.erasures.of,
            ),
            letters=letters,
            decoder=OddDecoder(parts.decoder("auto" if world.plan.conditions.batches else "native")),
            reasoning=reason,
            slots=slots,
            meter=self._meter,
            erasures=self.erasures,
            router=self._router,
            halted=lambda: self.obeys("pause"),
        )
        self.sync = self._sync(self._control)
        built = build(scale, ports, scale.upkeep, scale.slices, parts)
        self.backlog, self.enrichment, self._refusals = built.memory.backlog, built.enrichment, built.refusals
        self.consumer = parts.consumer(name, world.broker, self.broker_wire, self.enrichment, chance, world.trace)
        self.enrichment.attach(self.consumer)
        self.consumer.rewound = self._rewound
        self.progress = Progress(name, parts.health(ALIVE_S), world.clock.now_s)
        self.well_s = self.awake_s = 0.0
        self._tasks: list[Any] = []
        self._stopping: tuple[float, Any] | None = None

    def obeys(self, switch: Name) -> bool:
        """Whether operators have thrown a switch, as far as this worker knows."""
        return self.switch_state.now.on(switch)

    def _rewound(self, tp: TP) -> None:
        self._world.wrong += self.progress.rewound(tp.partition, self._world.clock.now_s)

    def _router(self, everybody: Route) -> Router:
        world, back_s = self._world, lambda: self._control.heard_back_s
        slots = UnlimitedSlots(ArmConnection(self.name, world.model, world.trace, back_s))
        own = Route(everybody.reasoning, Asking(self._scale.calls, self._meter), slots)
        shadows = {("x", "beside"): self.shadow}
        router = self._parts.router(everybody, {("x", "new"): own}, shadows, self._trial, self._outcomes)
        return self._parts.switched(router, everybody, self.switch_state)

    def _sync(self, control: ControlConnection) -> FleetSync:
        judge = ExperimentJudge(self._trial, self._outcomes, self.name)
        return FleetSync(control, judge, self.switch_state, dict, self._world.clock_ms)

    def start(self) -> None:
        """Run until stopped, killed, or ended by an error."""
        beside: list[Any] = [self.pooled.run()] if self.pooled is not None else []
        beside += [self.sync.run(), self.shadow.run()]
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

    def vitals(self, now_s: float) -> Vitals:
        """What it sees of itself, as agents/worker/observer.py tells."""
        world, away = self._world, dict[Any, str]()
        if why := self.enrichment.store.away or (
            "undecided" if now_s - self._meter.undecided_s < UNDECIDED_S else None
        ):
            away["redis"] = why
        if self.broker_wire.cut or world.broker.weather != Weather():
            away["kafka"] = "no answer"
        if world.model.mood != "well":
            away["model"] = world.model.mood
        if self._refusals.away:
            away["dead_letters"] = self._refusals.away
        partitions = tuple(
            PartitionVitals(tp.topic, tp.partition, oldest_s=partition.oldest_s())
            for tp, partition in sorted(self.enrichment.partitions.items())
        )
        return Vitals(now_s, now_s, away, partitions, halted=self.obeys("pause"))

    def stop(self) -> None:
        """SIGTERM: finish what is nearly done, commit, leave the group."""
        self._world.trace.say(self.name, "stops")
        enriching, consuming, *_ = self._tasks
        consuming.cancel()
        if self.ended is not None:
            return
        stopping = self.process.create_task(self.consumer.stop())
        self._stopping = self._world.clock.now_s, stopping
        stopping.add_done_callback(lambda _: enriching.cancel())
        stopping.add_done_callback(self._note_end)

    @property
    def lingers(self) -> bool:
        """Whether it is still stopping, though it was never frozen meanwhile."""
        if self._stopping is None or self.process.held is not None:
            return False
        began_s, stopping = self._stopping
        return self.awake_s < began_s and not stopping.done()

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
