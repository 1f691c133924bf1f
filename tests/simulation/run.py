"""Run: one plan, from its first record until everything has settled or something is wrong."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from sandbox.clock import Stuck
from tests.simulation.fleet import SimulatedFleet
from tests.simulation.plan import SimulationPlan
from tests.simulation.rekeying import Rekeying
from tests.simulation.trouble import Trouble
from tests.simulation.worker import Parts
from tests.simulation.world import Environment

LOOK_S = 0.25
"""How often the invariants that hold at any time are looked at."""

SETTLE_S = 60.0
"""How long everything may take to settle after the last fault; it takes a tenth of it."""


@dataclass(slots=True)
class Outcome:
    """What came of a run: `wrong` is empty when every invariant held. `seen` counts what happened."""

    plan: SimulationPlan
    wrong: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    virtual_s: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)


def simulate(plan: SimulationPlan, parts: Parts | None = None, *, trace: bool = False) -> Outcome:
    """Run a plan; the same plan always gives the same outcome."""
    world = Environment(plan, trace=trace)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with _logs_to(world):
            return _Run(world, parts or Parts()).outcome()
    finally:
        if collecting:
            gc.enable()


class _Run:
    def __init__(self, world: Environment, parts: Parts) -> None:
        fleet = SimulatedFleet(world, parts)
        self._world, self._fleet, self._trouble = world, fleet, Trouble(world, fleet)
        self._rekeying = Rekeying(world, parts.rekey) if world.plan.conditions.rekeyed else None

    def outcome(self) -> Outcome:
        world = self._world
        try:
            world.clock.run(world.process, self._main())
        except Stuck as stuck:
            world.wrong.append(f"stuck: {stuck}")
        finally:
            world.clock.bury()
        seen = world.store.verdicts + self._fleet.counted()
        seen += Counter(steps=world.clock.steps, calls=world.model.calls, records=len(world.plan.appends))
        return Outcome(world.plan, world.wrong, world.trace.lines, world.clock.now_s, seen)

    async def _main(self) -> None:
        world, plan = self._world, self._world.plan
        if self._rekeying is not None:
            self._rekeying.begin()
        for append in plan.appends:
            by_rekey = self._rekeying if append.events and not append.aborted else None
            world.process.call_at(append.at_s, by_rekey.append if by_rekey else world.append, append)
        for fault in plan.faults:
            world.process.call_at(fault.at_s, self._trouble.begin, fault)
        for number in range(plan.workers):
            self._fleet.start(number)
        world.model.fickle = plan.fickle
        if await self._pass(until_s=plan.heal_s):
            self._trouble.end_all()
            await self._settle()

    async def _pass(self, until_s: float) -> bool:
        """Let time pass while looking at the invariants; False once something is wrong."""
        world = self._world
        while world.clock.now_s < until_s:
            await world.sleep(min(LOOK_S, until_s - world.clock.now_s))
            self._fleet.inspect()
            world.wrong += world.store.wrong + world.beside.wrong + world.model.wrong
            if world.wrong:
                return False
        return True

    async def _settle(self) -> None:
        now_s = self._world.clock.now_s
        until_s, left = now_s + SETTLE_S, True
        while left and now_s < until_s:
            if not await self._pass(now_s + 0.5):
                return
            now_s = self._world.clock.now_s
            left = any(True for _ in self._unsettled())
        self._world.wrong += self._unsettled()

    def _unsettled(self) -> Iterator[str]:
        world = self._world
        yield from world.invariants.settled(world.broker, world.store.data, world.clock_ms())
        yield from world.invariants.written(len(world.store.early), world.model.calls)
        yield from self._fleet.unsettled()
        if self._rekeying is not None:
            yield from self._rekeying.unsettled()


@contextmanager
def _logs_to(world: Environment) -> Iterator[None]:
    """The product's log lines go into the trace, and nowhere else; what is said of retention is looked at."""
    before = structlog.get_config()

    def take(_: Any, __: str, line: Any) -> Any:
        if line["event"] == "records.expired":
            world.invariants.expired.append((line["partition"], line["first"], line["last"]))
        world.trace.say("says", " ".join(f"{name}={value}" for name, value in line.items()))
        raise structlog.DropEvent

    structlog.configure(processors=[take])
    try:
        yield
    finally:
        structlog.configure(**before)
