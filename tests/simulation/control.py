"""Control: what operators decide for a simulated fleet, and what its workers say of themselves."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from math import inf

from agents.fleet.switches import ON, SwitchValue
from sandbox.clock import Clock
from storage.activity import Activity
from storage.fleet import ALIVE_S, CountKey, ExperimentDecision, Fleet, Heartbeat, PoolSize
from tests.simulation.trace import Trace
from tests.simulation.wire import Wire

HEARD_S = 15.0
"""How much later a worker may hear of a switch, while the store is away, and by a clock of its own."""


class Control:
    """The control hash, with the store's own clock."""

    def __init__(self, clock: Clock, trace: Trace) -> None:
        self.switches: dict[str, bytes] = {}
        self.decisions: dict[str, ExperimentDecision] = {}
        self.counts: Counter[CountKey] = Counter()
        self.calls: Counter[int] = Counter()
        self.heard: dict[str, tuple[bytes, float]] = {}
        self._clock, self._trace = clock, trace
        self._ruled_s: list[tuple[float, float]] = []

    def throw(self, name: str, *, on: bool) -> None:
        """Throw a switch, or put it back."""
        self._trace.say("control", f"{name} {'on' if on else 'off'}")
        now_s = self._clock.now_s
        if name == "rules_only" and (on or name in self.switches):
            self._ruled_s = [*self._ruled_s, (now_s, inf)] if on else [(at, min(to, now_s)) for at, to in self._ruled_s]
        if on:
            self.switches[name] = SwitchValue(ON, "operator", round(self._clock.now_s * 1e3)).dump()
        else:
            self.switches.pop(name, None)

    def roll_back(self, experiment: str) -> None:
        """It is over."""
        self._trace.say("control", f"{experiment} is rolled back")
        at_ms = round(self._clock.now_s * 1e3)
        self.decisions[experiment] = ExperimentDecision(1, "back", "operator", "", at_ms)

    def ruled(self, at_s: float) -> bool:
        """Whether the rules alone may have answered then: those intents stay until their shopper's next event."""
        return any(from_s - HEARD_S < at_s < to_s + HEARD_S for from_s, to_s in self._ruled_s)

    def read(self) -> Fleet:
        """What all share."""
        alive = sum(1 for _, at_s in self.heard.values() if at_s > self._clock.now_s - ALIVE_S)
        at_ms = round(self._clock.now_s * 1e3)
        return Fleet(dict(self.switches), dict(self.decisions), dict(self.counts), alive, at_ms)

    def sync(self, worker: str, heartbeat: bytes, added: Mapping[CountKey, int]) -> Fleet:
        """A worker says how it is."""
        self.heard[worker] = heartbeat, self._clock.now_s
        self.counts.update(added)
        return self.read()

    def demand(self, slot: int, calls: int, forget_before: int) -> Mapping[int, int]:
        """What all workers ask of the model, by spans of time."""
        self.calls[slot] += calls
        self.calls = Counter({each: made for each, made in self.calls.items() if each >= forget_before})
        return dict(self.calls)

    def heartbeats(self) -> Mapping[str, Heartbeat]:
        """What was heard last, and how long ago."""
        now_s = self._clock.now_s
        return {name: Heartbeat(what, round((now_s - at_s) * 1e3)) for name, (what, at_s) in self.heard.items()}


class ControlConnection:
    """One worker's FleetStore. `heard_back_s` is when it has heard of a rollback."""

    def __init__(self, control: Control, wire: Wire) -> None:
        self._control, self._wire = control, wire
        self.heard_back_s = inf

    async def sync(self, worker: str, heartbeat: bytes, added: Mapping[CountKey, int]) -> Fleet:
        fleet = await self._wire.ask(partial(self._control.sync, worker, heartbeat, added))
        if fleet.decisions:
            self.heard_back_s = min(self.heard_back_s, asyncio.get_running_loop().time())
        return fleet

    async def read(self) -> Fleet:
        return await self._wire.ask(self._control.read)

    async def heartbeats(self) -> Mapping[str, Heartbeat]:
        return await self._wire.ask(self._control.heartbeats)

    async def demand(self, slot: int, calls: int, forget_before: int) -> Mapping[int, int]:
        return await self._wire.ask(partial(self._control.demand, slot, calls, forget_before))

    async def leave(self, worker: str) -> None:
        await self._wire.ask(lambda: self._control.heard.pop(worker, None))

    async def throw(self, name: str, value: bytes | None, activity: Activity) -> bool:
        raise AssertionError(name, value, activity)  # operators throw switches, not workers

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        raise AssertionError(experiment, decision)  # its guardrails are never reached

    async def resize(self, pool: str, size: PoolSize) -> bool:
        raise AssertionError(pool, size)  # it has no budget for calls

    async def forget(self, counts: Collection[CountKey]) -> None:
        await self._wire.ask(lambda: [self._control.counts.pop(key, None) for key in counts])
