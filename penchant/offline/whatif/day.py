"""Day: a recording played once, in virtual time, by one variant."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from agents.health.statistics import Meter
from agents.worker.checkpoints import Checkpoint
from clients.pools.endpoints import Pool
from penchant.offline.learning import Teacher
from penchant.offline.whatif.arrivals import Arrival, Recording
from penchant.offline.whatif.left_out import AllChecked
from penchant.offline.whatif.pipeline import Before, Pipeline
from penchant.offline.whatif.variant import Variant
from prompts.learned.rhythm import quiet_s
from sandbox.clock import Clock, Process
from sandbox.gpu.answers import LOOKS_AROUND
from sandbox.gpu.simulated_model import answer
from sandbox.servers.gpu_server import GpuServer, Serving, Spent
from streams.sessions.triggers import Rhythm

POLL_S = 0.05
"""Events of so long come in one batch, as a consumer's poll brings them."""

PATIENCE_S = 120.0
"""The longest that what is owed at the end may take."""

LOOK_S = 0.5
MOST_STEPS = 10**10


@dataclass(frozen=True, slots=True)
class Played:
    """What a day came to: what the worker counted, over how many seconds, how many shoppers were still owed a call at
    its end, and for how much of the time a GPU was busy, None where slices of one were played, which tell less.
    `scale`: how many times more there is of what was counted in life. `asked` are some of the sessions that the model
    was asked about."""

    meter: Meter
    seconds: float
    left: int
    busy_share: float | None
    scale: int
    asked: tuple[Checkpoint, ...] = ()


def play(recording: Recording, variant: Variant, sample: int = 0, *, assume: bool = True) -> Played:
    """A pure function of all. Every answer takes as long as the variant's tokens, and is one text, but where calls are
    left out by what answers say: there the simulated model answers. At most `sample` questions are kept. Answers are
    assumed where nothing goes by them, which comes to the same, sooner."""
    clock = Clock(most=MOST_STEPS)
    world = clock.process("day")
    assume &= not variant.settings.calls.unchanged_for_s  # which leaves calls out by what answers say
    day = _Day(recording, variant, world, sample, assume=assume)
    try:
        clock.run(world, day.run())
    finally:
        clock.bury()
    if world.failures:
        raise AssertionError(world.failures[0])
    pipeline, ended_s = day.pipeline, world.time()
    asked = tuple(pipeline.reasoner.kept)
    return Played(pipeline.meter, ended_s, pipeline.waiting, day.busy_share(ended_s), recording.each, asked)


class _Day:
    def __init__(self, recording: Recording, variant: Variant, world: Process, sample: int, *, assume: bool) -> None:
        pools, self._slices = fewer(variant.pools, recording.each)
        unchanged_for_s = variant.settings.calls.unchanged_for_s
        serving = Serving(answer if unchanged_for_s else lambda _: LOOKS_AROUND, variant.answer_tokens)
        timing = variant.timing.sliced(self._slices)
        by_address = {
            endpoint.address: GpuServer(endpoint.address, timing, world, serving)
            for pool in pools
            for endpoint in pool.endpoints
        }
        before = Before(
            pools=pools,
            connect=lambda endpoint: by_address[endpoint.address],
            now_s=world.time,
            epoch_ms=recording.epoch_ms,
            partitions=recording.partitions,
            rhythm=rhythm(recording, variant),
        )
        self._recording, self._variant = recording, variant
        self.servers = list(by_address.values())
        meter = Meter(freshness_ms=deque(), model_freshness_ms=deque())
        self.pipeline = Pipeline(variant.settings, before, meter, sample=sample, assume=assume)
        self.pipeline.dispatch.unchanged = AllChecked(unchanged_for_s, meter)

    async def run(self) -> None:
        """From the first event until nothing is owed. Ends with what the pipeline raises, if it does."""
        loop = asyncio.get_running_loop()
        if self._variant.away is not None:
            begin_s, end_s = self._variant.away
            loop.call_later(begin_s, self.servers[0].die, "away")
            loop.call_later(end_s, self._back)
        running = asyncio.create_task(self.pipeline.run())
        feeding = asyncio.create_task(self._feed())
        await asyncio.wait([running, feeding], return_when=asyncio.FIRST_COMPLETED)
        for task in (running, feeding):
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(running, feeding, return_exceptions=True)

    def busy_share(self, seconds: float) -> float | None:
        """Of so many seconds of each GPU, where they are whole."""
        return Spent.of(self.servers).gpu_s / (seconds * len(self.servers)) if self._slices == 1 else None

    def _back(self) -> None:
        self.servers[0].fault = ""

    async def _feed(self) -> None:
        now = asyncio.get_running_loop().time
        for arrivals in polls(self._recording.arrivals):
            await asyncio.sleep(max(arrivals[-1].at_s - now(), 0.0))
            await self.pipeline.take(*arrivals)
        until_s = now() + PATIENCE_S
        while now() < until_s and (self.pipeline.waiting or self.pipeline.meter.in_flight):  # noqa: ASYNC110 # nobody tells
            await asyncio.sleep(LOOK_S)


def rhythm(recording: Recording, variant: Variant) -> Rhythm | None:
    """By what the whole recording teaches of gaps; None where the variant's triggers do not go by it. A worker knows
    the days before instead."""
    rules, teacher = variant.settings.triggers, Teacher(variant.settings.session)
    if not rules.overtaken:
        return None
    for arrival in recording.arrivals:
        teacher.see(arrival.event)
    learned = teacher.snapshot(variant.settings.learning.support)
    return lambda session: quiet_s(session, learned, rules)


def polls(arrivals: Sequence[Arrival]) -> Iterator[list[Arrival]]:
    """Those that come together, each list in order."""
    for _, together in groupby(arrivals, lambda arrival: int(arrival.at_s / POLL_S)):
        yield list(together)


def fewer(pools: Sequence[Pool], each: int) -> tuple[list[Pool], int]:
    """The pools for one of `each` shoppers: as many times fewer GPUs, and where there are too few of them, slices."""
    least = min(len(pool.endpoints) for pool in pools)
    times = max(number for number in range(1, min(least, each) + 1) if each % number == 0 and _divides(pools, number))
    kept = [replace(pool, endpoints=pool.endpoints[: len(pool.endpoints) // times]) for pool in pools]
    return kept, each // times


def _divides(pools: Sequence[Pool], number: int) -> bool:
    return all(len(pool.endpoints) % number == 0 for pool in pools)
