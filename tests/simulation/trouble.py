"""Trouble: makes faults happen, and ends them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from streams.kafka.batches import TP
from tests.simulation.faults import Fault
from tests.simulation.fleet import SimulatedFleet
from tests.simulation.held_out import TRIED
from tests.simulation.log import TOPIC
from tests.simulation.nodes import SLOTS
from tests.simulation.scale import COMMIT_LAG_S
from tests.simulation.wire import Weather
from tests.simulation.worker import Worker
from tests.simulation.world import Environment


class Trouble:
    """Each kind of fault has a method of its name, or changes the weather of a server."""

    def __init__(self, world: Environment, fleet: SimulatedFleet) -> None:
        self._world, self._fleet = world, fleet

    def begin(self, fault: Fault) -> None:
        """A fault happens. One about a worker that is not there does nothing."""
        action, then, kind = fault.kind.partition("_then_")
        if then:
            self._world.store.traps[action].append(lambda who: self._spring(fault, kind, who))
            return
        self._world.trace.say("fault", str(fault))
        self._fleet.seen[fault.kind] += 1
        self._happen(fault, self._fleet.workers.get(fault.worker))

    def _spring(self, fault: Fault, kind: str, who: str) -> None:
        """What a fault waited for was just done by somebody; the answer is on its way."""
        self._fleet.seen[fault.kind] += 1
        at_s, amount = self._world.clock.now_s, fault.amount / 100
        number = next((number for number, worker in self._fleet.workers.items() if worker.name == who), -1)
        sprung = replace(fault, at_s=at_s, kind=kind, worker=number, amount=amount)
        self._world.trace.say("fault", str(sprung))
        self._happen(sprung, self._fleet.workers.get(number))

    def _happen(self, fault: Fault, worker: Worker | None) -> None:
        server, _, what = fault.kind.partition("_")
        if fault.kind in ALONE:
            ALONE[fault.kind](self, fault)
        elif fault.kind in ON_A_WORKER:
            if worker is not None:
                ON_A_WORKER[fault.kind](self, fault, worker)
        elif server == "model":
            self._world.model.mood = what
            self._later(fault, setattr, self._world.model, "mood", "well")
        else:
            weather = self._weathers()[server]
            self._change(weather, what, fault.amount)
            if server == "broker":
                weather.ghosts = 0.0  # a commit that is carried out after a later one only makes more be read again
            self._later(fault, weather.clear)

    def end_all(self) -> None:
        """All faults end, and those that still wait for something never begin."""
        for traps in self._world.store.traps.values():
            traps.clear()
        self._world.trace.say("world", "all faults have ended")
        self._world.model.fickle, self._world.model.mood = 0.0, "well"
        for weather in self._weathers().values():
            weather.clear()
        self._world.nodes.away.clear()
        self._world.nodes.open.clear()
        for name in list(self._world.control.switches):
            self._world.control.throw(name, on=False)
        self._fleet.heal()

    def _weathers(self) -> dict[str, Weather]:
        world = self._world
        return {"store": world.store_weather, "letters": world.letters.weather, "broker": world.broker.weather}

    @staticmethod
    def _change(weather: Weather, what: str, amount: float) -> None:
        if what == "slow":
            weather.slow_s = 0.1 + amount / 4
        elif what == "lossy":
            weather.lost, weather.unheard, weather.ghosts = 0.1, 0.15, 0.15
        else:
            weather.down = True

    def _later(self, fault: Fault, end: Callable[..., object], *args: Any) -> None:
        self._world.process.call_later(fault.for_s, end, *args)

    # Faults of their own kind

    def _rebalance(self, _: Fault) -> None:
        self._world.broker.rebalance()

    def _fail_over(self, fault: Fault) -> None:
        self._world.store.fail_over(fault.amount)
        self._go_down(fault)

    def _restart(self, fault: Fault) -> None:
        self._world.store.restart()
        self._go_down(fault)

    def _go_down(self, fault: Fault) -> None:
        self._world.store_weather.down = True
        self._fleet.unwell(fault.for_s)
        self._later(fault, self._world.store_weather.clear)

    def _flush(self, _: Fault) -> None:
        self._world.store.lose_all()

    def _erase(self, fault: Fault) -> None:
        self._ask_for(fault, opted_out=None)

    def _opt_out(self, fault: Fault) -> None:
        self._ask_for(fault, opted_out=True)
        if fault.for_s > 0.3:  # others stay out
            self._later(fault, self._opt_in, fault)

    def _opt_in(self, fault: Fault) -> None:
        self._ask_for(fault, opted_out=False)

    def _lose_marker(self, fault: Fault) -> None:
        """A careless DEL, of anybody's."""
        known = list(self._world.truth.erasures)
        if known:
            self._lose(known[int(fault.amount / COMMIT_LAG_S * len(known)) % len(known)])

    def _lose(self, shopper: str) -> None:
        """Unless the shopper has opted out, or what was erased may be read again: then nobody could tell."""
        world, erasure = self._world, self._world.truth.erasures[shopper]
        life = world.truth.lives.get(shopper)
        if life is None or erasure.opted_out or world.clock.now_s > world.plan.heal_s:
            return
        if world.broker.group.committed.get(TP(TOPIC, life.partition), 0) >= erasure.ends[life.partition]:
            world.trace.say("store", f"loses the erasure of {shopper}")
            world.store.lose_marker(shopper)
            world.store.changed()

    def _ask_for(self, fault: Fault, *, opted_out: bool | None) -> None:
        """As `penchant forget` does: the topic first, then the store, unless it is cut short in between."""
        number = int(fault.amount / COMMIT_LAG_S * self._world.plan.traffic_shape.shoppers)
        erasure = self._world.ask_to_forget(f"s{number}", opted_out)
        if fault.for_s < 1.0 and not self._world.store_weather.down:
            self._world.process.call_later(0.02, self._world.store.forgets, "operator", [erasure])
        if fault.worker == 0:
            self._world.process.call_later(1.5 * COMMIT_LAG_S, self._lose, erasure.shopper)

    def _node_down(self, fault: Fault) -> None:
        nodes = self._world.nodes
        node = fault.worker % nodes.count
        nodes.away.add(node)
        self._later(fault, nodes.away.discard, node)

    def _node_fail_over(self, fault: Fault) -> None:
        self._node_down(fault)
        self._world.store.node_falls_back(fault.worker % self._world.nodes.count, fault.amount)

    def _open_slot(self, fault: Fault) -> None:
        slot = int(fault.amount / COMMIT_LAG_S * SLOTS) % SLOTS
        self._world.nodes.open.add(slot)
        self._later(fault, self._world.nodes.open.discard, slot)

    def _throw(self, fault: Fault) -> None:
        self._world.control.throw(fault.kind, on=True)
        back = partial(self._world.control.throw, fault.kind, on=False)
        self._world.process.call_later(HEEDED_S + fault.for_s, back)

    def _roll_back(self, _: Fault) -> None:
        self._world.control.roll_back(TRIED.name)

    def _retention(self, fault: Fault) -> None:
        self._world.lose_beginning(fault.worker, fault.amount / COMMIT_LAG_S)

    def _replay(self, fault: Fault) -> None:
        if not self._world.plan.conditions.earlier:  # what is stored of the lineage before is not in the log
            self._fleet.replay(fault, live=False)

    def _live_replay(self, fault: Fault) -> None:
        self._fleet.replay(fault, live=True)

    # Faults of a worker

    def _clock_step(self, fault: Fault, _: Worker) -> None:
        """Somebody sets the clock of its machine."""
        self._world.skews_ms[fault.worker] = round((fault.amount / COMMIT_LAG_S - 0.5) * 2_000)

    def _expel(self, _: Fault, worker: Worker) -> None:
        """It has polled no more for too long; nobody tells it."""
        self._world.broker.group.leave(worker.name, self._world.clock.now_s)

    def _crash(self, fault: Fault, worker: Worker) -> None:
        self._fleet.replace(fault.worker, worker, fault.for_s)

    def _stop(self, fault: Fault, worker: Worker) -> None:
        worker.stop()
        self._world.process.call_later(STOPPING_S, self._fleet.stopped, fault.worker, worker, fault.for_s)

    def _freeze(self, fault: Fault, worker: Worker) -> None:
        worker.process.freeze()
        self._later(fault, worker.thaw)

    def _isolate(self, fault: Fault, worker: Worker) -> None:
        worker.broker_wire.cut = True
        self._later(fault, setattr, worker.broker_wire, "cut", False)  # noqa: FBT003

    def _cut_store(self, fault: Fault, worker: Worker) -> None:
        worker.store_wire.cut = True
        self._later(fault, setattr, worker.store_wire, "cut", False)  # noqa: FBT003


STOPPING_S = 1.5
"""How long a worker has to stop before it is killed."""

HEEDED_S = 4.0
"""So long it takes before nobody has an excuse for what goes against a switch."""

ALONE: dict[str, Callable[[Trouble, Fault], None]] = {
    "rebalance": Trouble._rebalance,
    "fail_over": Trouble._fail_over,
    "store_restart": Trouble._restart,
    "flush": Trouble._flush,
    "erase": Trouble._erase,
    "opt_out": Trouble._opt_out,
    "lose_marker": Trouble._lose_marker,
    "node_down": Trouble._node_down,
    "node_fail_over": Trouble._node_fail_over,
    "open_slot": Trouble._open_slot,
    "pause": Trouble._throw,
    "freeze_writes": Trouble._throw,
    "rules_only": Trouble._throw,
    "roll_back": Trouble._roll_back,
    "retention": Trouble._retention,
    "replay": Trouble._replay,
    "live_replay": Trouble._live_replay,
}
ON_A_WORKER: dict[str, Callable[[Trouble, Fault, Worker], None]] = {
    "clock_step": Trouble._clock_step,
    "expel": Trouble._expel,
    "crash": Trouble._crash,
    "stop": Trouble._stop,
    "freeze": Trouble._freeze,
    "isolate": Trouble._isolate,
    "store_cut": Trouble._cut_store,
}
