"""Replays of a simulated world's log, put together as penchant/operations/replay does it: over the live keys, or into a
namespace beside them, which stands on a store that never fails."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

from agents.replay.calls import ReplayCalls, ReplayCounts, ReplayRules
from agents.replay.live_replay import LiveReplay
from agents.replay.replay import PartitionReplay
from agents.worker.build import Kinds, StorePorts, make_checkpoints, make_memory
from agents.worker.erasures import Erasures
from agents.worker.partition import Partition
from penchant.operations.replay.erasing import Erasing
from penchant.operations.replay.kept import KeptCheckpoints
from sandbox.clock import Process
from storage.gather import GatheringWriter
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.events.dialects import dialect
from streams.kafka.batches import TP
from tests.simulation.connection import Connection
from tests.simulation.erasure_topic import ErasureReader
from tests.simulation.held_out import held_out
from tests.simulation.log import TOPIC
from tests.simulation.odd_decoder import OddDecoder
from tests.simulation.reason import Reason
from tests.simulation.scale import BROKER_TIMEOUT_S, STORE_TIMEOUT_S
from tests.simulation.servers import ModelConnection
from tests.simulation.wire import Weather, Wire
from tests.simulation.world import Environment

RULES = ReplayRules(in_flight=6, deadline_s=2.0, tries=40)
"""So many tries that a model which is away outlasts none: the rules would have the last word then."""

READ = 7
"""Records fed at once."""

AGAIN_S = 0.3


class Replay:
    """One replay of all that the log holds as it begins. Killed, it begins again with the same generation."""

    def __init__(self, process: Process, world: Environment, *, live: bool, generation: int) -> None:
        self.process, self.live, self._world, self._generation = process, live, world, generation
        self.done = False
        self.ends = {tp: segment.end for tp, segment in world.broker.segments.items()}
        chance = world.chance(process.name)
        self._broker_wire = Wire(world.process, world.broker.weather, chance, BROKER_TIMEOUT_S, BrokerUnavailable)
        self._connection = Connection(process.name, *self._store(chance))
        if live and world.plan.conditions.tried:
            self._connection.allows = lambda intent: not held_out(intent.shopper)
        self._kinds = Kinds() if live else Kinds(checkpoints=KeptCheckpoints)

    def _store(self, chance: random.Random) -> Any:
        world = self._world
        store, weather = (world.store, world.store_weather) if self.live else (world.beside, Weather())
        return store, Wire(world.process, weather, chance, STORE_TIMEOUT_S, StoreUnavailable)

    def again(self, process: Process) -> "Replay":
        """The same one, after a crash."""
        again = Replay(process, self._world, live=self.live, generation=self._generation)
        again.ends = self.ends
        return again

    def start(self) -> None:
        """Run to the end of the range."""
        self._world.trace.say(self.process.name, "begins")
        self.process.create_task(self._run()).add_done_callback(self._note_end)

    def _note_end(self, task: Any) -> None:
        self.done = True
        if not task.cancelled() and (error := task.exception()) is not None:
            self._world.wrong.append(f"death: {self.process.name} ended: {error!r}")

    async def _run(self) -> None:
        while True:
            try:
                return await self._once()
            except* (StoreUnavailable, BrokerUnavailable):
                pass  # at the start nothing is waited for: it is begun again
            await asyncio.sleep(AGAIN_S)

    async def _once(self) -> None:
        world, erasing = self._world, Erasing()
        topic = ErasureReader(world.erasures, self._broker_wire)
        lineage = world.plan.conditions.lineage
        learned = world.snapshots.at(world.clock.now_s)  # the same for the whole replay
        make = partial(Erasures, self._connection, self._connection, lineage, topic)
        async with erasing.following(make), asyncio.TaskGroup() as calls:
            making = ReplayCalls(
                ModelConnection(self.process.name, world.model, world.trace), Reason(lambda: learned),
                GatheringWriter(self._connection, world.plan.scale.redis),
                make_checkpoints(world.plan.scale, self._kept(erasing), self._kinds),
                RULES, ReplayCounts(), calls, erased=erasing.covers,
            )  # fmt: skip
            for tp, end in sorted(self.ends.items()):
                await self._partition(tp, end, making, erasing)

    async def _partition(self, tp: TP, end: int, calls: ReplayCalls, erasing: Erasing) -> None:
        driver = self._live(tp, calls, erasing) if self.live else self._beside(tp, calls, erasing)
        segment, position = self._world.broker.segments[tp], 0
        while records := [each for each in segment.read(position, READ) if each.offset < end]:
            await self._patiently(partial(driver.take, records))
            position = records[-1].offset + 1
        await self._patiently(driver.finish)

    async def _patiently(self, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await act()
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_S)

    def _live(self, tp: TP, calls: ReplayCalls, erasing: Erasing) -> LiveReplay:
        scale, lineage = self._world.plan.scale, self._world.plan.conditions.lineage
        checkpoints = make_checkpoints(scale, self._kept(erasing), self._kinds)
        return LiveReplay(
            Partition(tp.partition, 1, 0.0), self._decoder(), scale.session, self._connection, checkpoints, calls,
            lineage=lineage, generation=self._generation,
            withheld=lambda shopper: self._world.plan.conditions.tried and held_out(shopper),
        )  # fmt: skip

    def _beside(self, tp: TP, calls: ReplayCalls, erasing: Erasing) -> PartitionReplay:
        scale, partition = self._world.plan.scale, Partition(tp.partition, 1, 0.0)
        memory = make_memory(scale, self._kept(erasing), self._kinds)
        erasing.add(TOPIC, partition, memory.backlog)
        return PartitionReplay(
            partition, memory.backlog, memory.recall, self._decoder(), scale.session, self._connection,
            memory.checkpoints, calls, most_sessions=5,
        )  # fmt: skip

    def _decoder(self) -> OddDecoder:
        return OddDecoder(dialect("auto" if self._world.plan.conditions.batches else "native", keyed=True))

    def _kept(self, erasing: Erasing) -> StorePorts:
        return StorePorts(
            store=self._connection,
            name=self.process.name.partition(".")[0],
            clock_ms=self._world.clock_ms,
            lineage=self._world.plan.conditions.lineage,
            generation=self._generation,
            erased=erasing.of,
        )

    def unsettled(self) -> Iterator[str]:
        """What a replay has not done in the end."""
        if not self.done and not self.process.dead:
            yield f"settled: {self.process.name} has not ended"
        elif self.done and not self.live:
            yield from self._missing()

    def _missing(self) -> Iterator[str]:
        """Whose session beside is not that of the last event in the range."""
        lasts: dict[str, int] = {}
        for (partition, offset), shopper in self._world.truth.entered.items():
            if offset < self.ends[TP(TOPIC, partition)]:
                lasts[shopper] = max(offset, lasts.get(shopper, -1))
        odd = set(self._world.truth.odd.values())
        for shopper, last in lasts.items():
            if shopper in odd or shopper in self._world.truth.thinned:
                continue  # left out from there on; or what the log held when it was read is a matter of chance
            context, _ = self._world.beside.data.contexts.get(shopper, (None, 0))
            if context is None or context.position.offset != last:
                stored = context.position.offset if context else "nothing"
                yield f"settled: {shopper} is replayed up to {stored}, the last event of the range stands at {last}"
