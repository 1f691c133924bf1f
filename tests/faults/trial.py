"""Trial: the real pipeline before simulated GPUs, all of which meet one fault for a while, in virtual time."""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.goodput.freshness import WITHIN_S, Freshness
from benchmarks.goodput.pipeline import default_pipeline
from benchmarks.goodput.traffic import Traffic
from penchant.offline.whatif.arrivals import Arrival
from sandbox.clock import Clock
from sandbox.gpu.faults import Faults
from sandbox.gpu.timing import Timing
from sandbox.servers.stand_in import StandIn
from streams.records.intents import Intent
from streams.sessions.positions import Position

WARM_S = 15.0
FAULT_S = 20.0
CALM_S = 30.0
SETTLE_S = 90.0
"""The longest that what is owed at the end of the traffic may take; a bound, not an aim."""

REPLICAS = 2
RATE = 8.0
MOST_STEPS = 20_000_000


@dataclass(frozen=True, slots=True)
class Case:
    """A share of the requests, at all replicas, meets a fault for FAULT_S."""

    fault: str
    share: float


@dataclass(slots=True)
class Result:
    """What came of a case. `fresh`: the share of meaningful events with an intent that includes them, by the model or
    the rules, within 5 s, before, during and after the fault.

    `recovered_s`: how long after the end of the fault the last event came that had to wait longer than that.
    `caught_up_s`: when the last event from before the end of the fault was in an intent, after that end.
    `lost` are events that are in no intent; `stuck` whatever is still held when all is done.
    """

    case: Case
    calls: int
    failed: int
    refused_answers: int
    by_rules: int
    fresh: tuple[float, float, float]
    recovered_s: float
    caught_up_s: float
    lost: int
    stuck: dict[str, int] = field(default_factory=dict)


class Heard(deque[Intent]):
    """The meter's latest intents; tells of each."""

    def __init__(self, tell: Callable[[Intent], None]) -> None:
        super().__init__(maxlen=12)
        self._tell = tell

    def append(self, intent: Intent) -> None:
        """One was written."""
        super().append(intent)
        self._tell(intent)


def run(case: Case, *, seed: int = 1) -> Result:
    """Play it."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("faults")
    trial = Trial(case, seed, world.time)
    results: list[Result] = []

    async def main() -> None:
        results.append(await trial.run())

    try:
        clock.run(world, main())
    finally:
        clock.bury()
    if world.failures:
        raise AssertionError(world.failures[0])
    return results[0]


class Trial:
    """One case under way."""

    def __init__(self, case: Case, seed: int, now_s: Callable[[], float]) -> None:
        self._case, self._now_s = case, now_s
        self._servers = [StandIn("virtual time", timing=Timing(), name=f"gpu{number}") for number in range(REPLICAS)]
        self._pipeline = default_pipeline({"gpus": self._servers}, lambda *_: None, now_s)
        self._pipeline.meter.latest = Heard(self._note)
        self._freshness = Freshness(0.0, math.inf)
        self._traffic = Traffic(RATE, WARM_S + FAULT_S + CALM_S, seed)

    async def run(self) -> Result:
        """From the first event until nothing is owed."""
        self._pipeline.fill(self._traffic.before)
        running = asyncio.create_task(self._pipeline.run())
        playing = asyncio.create_task(self._play())
        await self._feed(self._traffic.arrivals)
        await playing
        await self._settle()
        stuck = self._stuck()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return self._result(stuck)

    def _note(self, intent: Intent) -> None:
        self._freshness.readable(intent.shopper, Position.parse(intent.position).offset, self._now_s())

    async def _feed(self, arrivals: Sequence[Arrival]) -> None:
        for arrival in arrivals:
            await asyncio.sleep(max(arrival.at_s - self._now_s(), 0.0))
            self._freshness.arrived(arrival)
            await self._pipeline.take(arrival)

    async def _play(self) -> None:
        await asyncio.sleep(WARM_S)
        for number, server in enumerate(self._servers):
            server.faults = Faults.parse(f"{self._case.fault}={self._case.share} seed={number}")
        await asyncio.sleep(FAULT_S)
        for server in self._servers:
            server.faults = Faults()

    async def _settle(self) -> None:
        """Until nothing is owed and no call is open."""
        until_s = self._now_s() + SETTLE_S
        while self._now_s() < until_s and (self._pipeline.waiting or self._pipeline.meter.in_flight):  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(0.5)

    def _stuck(self) -> dict[str, int]:
        """Whatever is held by anybody."""
        limiters = [replica.limiter for replica in self._pipeline.pools.replicas]
        held = {
            "owed": self._pipeline.waiting,
            "calls": self._pipeline.meter.in_flight,
            "slots": sum(limiter.in_flight.total() for limiter in limiters),
            "tokens": round(sum(limiter.tokens for limiter in limiters)),
            "open on servers": sum(server.counts.opened - server.counts.closed for server in self._servers),
            "on GPUs": sum(server.gpu.counts(self._now_s() * 1e3)["active"] for server in self._servers),
        }
        return {name: count for name, count in held.items() if count}

    def _result(self, stuck: dict[str, int]) -> Result:
        meter, end_s = self._pipeline.meter, WARM_S + FAULT_S
        self._freshness.close()
        samples = self._freshness.samples
        late_s = [each.at_s for each in samples if each.at_s >= end_s and each.delay_s > WITHIN_S]
        done_s = [each.at_s + each.delay_s for each in samples if each.at_s < end_s]
        return Result(
            self._case,
            meter.calls,
            meter.call_failures,
            meter.answers_refused,
            meter.rules_intents,
            tuple(self._fresh(*span) for span in ((0.0, WARM_S), (WARM_S, end_s), (end_s, math.inf))),  # type: ignore[arg-type]  # three
            recovered_s=max(late_s, default=end_s) - end_s,
            caught_up_s=max(max(done_s) - end_s, 0.0),
            lost=sum(math.isinf(each.delay_s) for each in samples),
            stuck=stuck,
        )

    def _fresh(self, from_s: float, until_s: float) -> float:
        delays_s = [each.delay_s for each in self._freshness.samples if from_s <= each.at_s < until_s]
        return sum(delay_s <= WITHIN_S for delay_s in delays_s) / len(delays_s)
