"""Environment: the clock, the servers and the truth of one run, without the workers."""

import random

from clients.calls import Call
from sandbox.clock import Clock
from streams.kafka.batches import TP
from streams.records.erasures import Erasure, next_number
from tests.simulation import earlier
from tests.simulation.broker import Broker
from tests.simulation.conditions import ODD
from tests.simulation.control import Control
from tests.simulation.invariants import Invariants
from tests.simulation.learned import LearnedSnapshots
from tests.simulation.log import TOPIC
from tests.simulation.nodes import Nodes
from tests.simulation.plan import EPOCH_MS, SimulationPlan
from tests.simulation.scale import COMMIT_LAG_S, SESSION_TIMEOUT_S
from tests.simulation.servers import DeadLetterServer, Model
from tests.simulation.spending import Spending
from tests.simulation.store import Store
from tests.simulation.trace import Trace
from tests.simulation.traffic import Append
from tests.simulation.truth import Truth
from tests.simulation.wire import Weather

HEARD_S = 3.0
"""How long after the last fault a worker may take to hear of an erasure."""


class Environment:
    """What workers talk to. `wrong` gathers what the invariants find; servers find some of it themselves."""

    def __init__(self, plan: SimulationPlan, *, trace: bool) -> None:
        self.plan = plan
        clock = self.clock = Clock()
        self.trace = Trace(clock, on=trace)
        self.process = clock.process("world")
        self.truth = Truth(plan.scale.session, plan.conditions.lineage)
        self.skews_ms = list(plan.skews_ms)
        self.store_weather = Weather()
        self.nodes = Nodes(plan.conditions.nodes)
        self.store = Store(clock, self.clock_ms, self.trace, self.truth, COMMIT_LAG_S, self.nodes)
        self.snapshots = LearnedSnapshots(self.chance("learned"), plan.traffic_shape.seconds)
        self.store.ttl_ms = round(plan.scale.intent.ttl_s * 1e3)
        self.beside = Store(clock, self.clock_ms, self.trace, self.truth, COMMIT_LAG_S, Nodes(1))
        self.store.others.append(self.beside)
        if plan.conditions.earlier:
            earlier.store(self.store, self.truth, plan)
        self.broker = Broker(clock, plan.traffic_shape.partitions, self.chance("broker"), self.trace, SESSION_TIMEOUT_S)
        self.broker.watch = self._watch_commit
        self.model = Model(self.chance("model"), self.trace)
        self.model.forbids = self._forbids
        self.spending = self.model.spending = Spending(
            self.truth, plan.scale, lambda: clock.now_s, self.clock_ms, lambda: clock.now_s > plan.heal_s + HEARD_S
        )
        self.store.asked = self.model.asked
        self.letters = DeadLetterServer(clock, self.trace, unsendable=plan.conditions.unsendable)
        self.control = Control(clock, self.trace)
        self.erasures: list[Erasure] = []
        self.invariants = Invariants(self.truth, self.letters, plan.scale, self.control, tried=plan.conditions.tried)
        self.wrong: list[str] = []

    def clock_ms(self) -> int:
        """The clock on the wall."""
        return EPOCH_MS + int(self.clock.now_s * 1e3)

    def chance(self, name: str) -> random.Random:
        """Chance of its own for each part, so that leaving out a fault leaves the rest much as it was."""
        return random.Random(f"{self.plan.seed}:{name}")

    def append(self, append: Append, timestamp_ms: int | None = None) -> None:
        """A producer's record arrives, of now unless it says when."""
        now_ms = self.clock_ms() if timestamp_ms is None else timestamp_ms
        tp = TP(TOPIC, append.partition)
        self.broker.segments[tp].end += append.hole
        record = self.broker.append(tp, now_ms, append.key, append.value, aborted=append.aborted)
        place = append.partition, record.offset
        if append.aborted:
            pass
        elif not append.events:
            self.truth.bad.add(place)
        elif append.events[0].event_id.startswith(ODD):
            self.truth.odd[place] = append.events[0].shopper_id
        else:
            self.truth.append(tp, append.events, record.offset, record.timestamp)
        if self.trace.on:
            what = [f"{event.shopper_id} {event.action} {event.event_id}" for event in append.events] or ["bad"]
            aborted = " aborted" if append.aborted else ""
            self.trace.say("log", f"{append.partition}/{record.offset}{aborted} {', '.join(what)}")

    def lose_beginning(self, number: int, share: float) -> None:
        """Retention deletes what is committed of a partition, and a share of what is not."""
        tp, segment = sorted(self.broker.segments.items())[number % len(self.broker.segments)]
        first = self.broker.group.committed.get(tp, 0)
        begin = first + int(share * (segment.end - first))
        self.trace.say("log", f"{tp.partition} begins at {begin} now, {first} was committed")
        segment.lose(begin)
        replayed = any(fault.kind.endswith("replay") for fault in self.plan.faults)
        self.truth.lose(tp.partition, 0 if replayed else first, begin)

    def ask_to_forget(self, shopper: str, opted_out: bool | None) -> Erasure:  # noqa: FBT001 - None: as it was
        """An erasure is written to its topic."""
        known = self.truth.erasures.get(shopper)
        number = next_number(self.clock_ms(), (each.number for each in (known,) if each))
        is_out = opted_out if opted_out is not None else known is not None and known.opted_out
        ends = tuple(segment.end for _, segment in sorted(self.broker.segments.items()))
        erasure = Erasure(shopper, number, self.plan.conditions.lineage, ends, is_out)
        self.trace.say("log", f"{shopper} is erased, number {number}, opted out: {is_out}")
        self.erasures.append(erasure)
        self.truth.erase(erasure)
        self.spending.forget(shopper)
        return erasure

    def _forbids(self, call: Call) -> bool:
        """Some time after the faults have ended everybody has heard of every erasure."""
        quiet = self.clock.now_s > self.plan.heal_s + HEARD_S
        return quiet and self.truth.forbidden(call.shopper, call.prompt)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        future = self.process.create_future()
        self.process.call_later(seconds, future.set_result, None)
        await future

    def _watch_commit(self, _: str, tp: TP, offset: int) -> None:
        now_s = self.clock.now_s
        durable = self.store.durable(now_s - COMMIT_LAG_S)
        self.wrong += self.invariants.commit(tp, offset, durable, now_s, self.clock_ms())
