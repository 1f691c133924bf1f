"""Stage: the parts of one replay, put together and run."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Protocol

from agents.experiments.active_experiments import ActiveExperiments
from agents.fleet.switches import Switches, load
from agents.learning.predictors import read_predictor
from agents.learning.snapshots import foresight_of
from agents.replay.calls import ReplayCalls, Replayed, ReplayRules
from agents.replay.live_replay import LiveReplay
from agents.replay.replay import PartitionReplay
from agents.worker.build import Kinds, StorePorts, make_checkpoints, make_memory
from agents.worker.checkpoints import Checkpoints
from agents.worker.erasures import Erasures
from agents.worker.partition import Partition
from clients.pools.client import PooledClient
from penchant.operations.replay.compare import Comparison, compare
from penchant.operations.replay.erasing import Erasing
from penchant.operations.replay.kept import KeptCheckpoints
from penchant.operations.replay.plan import ReplayPlan, check_held
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.source import lines
from penchant.settings.root import Settings
from penchant.worker.experiments import clock_ms
from penchant.worker.model_side import reasoning_of
from penchant.worker.presidio import redaction
from penchant.worker.tokenizer import tokenizer
from prompts.learned.foresight import Foresight
from storage.connection import Client
from storage.counts import RedisCounts
from storage.erasures import RedisErasures
from storage.fleet import Fleet
from storage.gather import GatheringWriter
from storage.keys import Keys
from storage.lineage import RedisLineage
from storage.places import RedisPlaces
from storage.progress import RedisProgress
from storage.redis_fleet import RedisFleet
from storage.watermarks import Watermarks
from storage.writer import RedisCheckpoints
from streams.errors import ContractMismatch, SettingInvalid, StoreCorrupt, StoreUnavailable
from streams.events.decoding import Record
from streams.events.dialects import dialect
from streams.kafka.erasure_topic import ErasureReader
from streams.kafka.ranges import Range, find_range, read_range
from streams.kafka.reader import TopicReader
from streams.records.lineage import Log
from streams.retrying import retrying

NOTHING = "choose an earlier --from; `penchant doctor` says how much the topic holds"

SAVE_S, AGAIN_S = 1.0, 0.5
"""How long at least what was replayed into a namespace of its own stays there."""


class Driver(Protocol):
    """What one partition's records are fed to."""

    partition: Partition

    async def take(self, records: Sequence[Record]) -> None: ...

    async def finish(self) -> None: ...


class Stage:
    """Everything of one run."""

    def __init__(
        self, settings: Settings, plan: ReplayPlan, redis: Client, pools: PooledClient, progress: Progress
    ) -> None:
        self._settings, self._plan, self._redis, self._pools, self._progress = settings, plan, redis, pools, progress
        self._live = Keys(settings.redis.namespace)
        self._keys = self._live.of(plan.namespace) if plan.namespace else self._live
        self._within_s = settings.redis.timeout_s
        self._watermarks = Watermarks(redis, self._live, self._within_s)
        self._store = RedisCheckpoints(redis, self._keys, self._within_s, self._watermarks)
        self._places = RedisPlaces(redis, self._live, self._within_s)
        self._saved = RedisProgress(redis, self._keys, self._within_s, plan.key(settings))
        self._drivers: dict[int, Driver] = {}
        self._erasing = Erasing()
        self._kinds = Kinds(checkpoints=KeptCheckpoints if plan.namespace else Checkpoints)
        self._seen: set[str] = set()
        self._span = Range({}, {})
        self._log: Log | None = None
        self._switches = Switches()
        self._experiments = ActiveExperiments(settings.experiments)

    async def prepare(self, reader: TopicReader | None) -> None:
        """Find the range, what is erased, and where an earlier run stopped."""
        await self._note_place()
        self._hear(await RedisFleet(self._redis, self._live, self._within_s).read())
        lineage = await RedisLineage(self._redis, self._live, self._within_s).read()
        self._lineage = lineage.number if lineage else 0
        if reader is not None:
            self._log = await reader.log(self._settings.kafka.topic)
            self._span = await find_range(reader, self._log, self._plan.begin, self._plan.end)
            if not self._span.records:
                raise ContractMismatch(f"{self._log.topic} holds no records in that range", NOTHING)
        self._progress.total = self._span.records
        done = await self._held() if self._plan.namespace else {}
        firsts = {number: max(first, done.get(number, 0)) for number, first in self._span.firsts.items()}
        self._progress.resumed = self._span.records - Range(firsts, self._span.ends).records
        self._span = Range(firsts or done, self._span.ends)
        self._progress.resumed_at = dict(self._span.firsts) if done else {}

    async def _held(self) -> Mapping[int, int]:
        """Where this very replay stopped in its namespace. ContractMismatch where that holds another, or all of it."""
        held = await self._saved.read()
        if held is not None and self._plan.afresh:
            await self._saved.clear()
            await self._note_place()
            held = None
        if held is not None:
            ours = self._plan.key(self._settings)
            check_held(self._keys.namespace, held.plan, ours, is_done=held.is_done)
        await self._saved.write({})
        return held.offsets if held is not None else {}

    async def run(self, reader: TopicReader | None, traced: Replayed) -> None:
        """Feed every partition, finish all, and remember on the way how far it came. `traced` follows calls."""
        count = await asyncio.to_thread(tokenizer, self._settings.prompt.tokenizer)
        foresight = await self._foresight()
        make = reasoning_of(self._settings, count, learned=lambda: foresight)
        reasoning = make(self._settings.prompt.version, self._settings.sampling)
        writer = GatheringWriter(self._store, self._settings.redis)
        rules = ReplayRules(in_flight=self._plan.per_server * len(self._pools.replicas))
        async with asyncio.TaskGroup() as tasks:
            runs = (self._pools.run(), self._save(), self._follow())
            beside = [tasks.create_task(run) for run in runs]
            async with asyncio.TaskGroup() as calls:
                making = ReplayCalls(
                    self._pools, reasoning, writer, self._checkpoints(), rules, self._progress.tally, calls,
                    lambda: self._switches.number("share_replay", 1.0), self._erasing.covers, traced,
                )  # fmt: skip
                await self._feed(reader, making)
            for task in beside:
                task.cancel()
        await writer.close()
        if self._plan.namespace:
            await self._saved.write(self._reached(), done=True)

    async def _foresight(self) -> Foresight | None:
        """What other shoppers teach, the same for the whole replay."""
        store, name = RedisCounts(self._redis, self._live, self._within_s), self._plan.learned
        if name is None and self._settings.learning.enabled:
            name = await store.current()
        if not name:
            return None
        file = self._settings.learning.predictor
        predictor = await asyncio.to_thread(read_predictor, file) if file else None
        found = await foresight_of(store, name, predictor)
        if found is None:
            raise SettingInvalid(f"there is no snapshot {name!r} any more", "learning.keep_s says how long one is kept")
        return found

    async def compare(self) -> Comparison:
        """What is live, beside what came of it here."""
        return await compare(self._redis, self._live, self._keys, self._seen, self._within_s)

    async def _feed(self, reader: TopicReader | None, calls: ReplayCalls) -> None:
        async for number, records in self._records(reader):
            self._seen |= {record.key.decode(errors="replace") for record in records if record.key}
            if number not in self._drivers:
                self._drivers[number] = self._driver(number, calls)
            await retrying(StoreUnavailable, AGAIN_S)(partial(self._drivers[number].take, records))
        for driver in self._drivers.values():
            await retrying(StoreUnavailable, AGAIN_S)(driver.finish)

    def _records(self, reader: TopicReader | None) -> AsyncIterator[tuple[int, Sequence[Record]]]:
        if reader is not None and self._log is not None:
            return read_range(reader, self._log, self._span)
        if self._plan.file is None:
            raise AssertionError("a replay has a topic or a file")
        return lines(self._plan.file, self._span.firsts.get(0, 0))

    def _driver(self, number: int, calls: ReplayCalls) -> Driver:
        settings, partition = self._settings, Partition(number, epoch=1, commit_lag_s=0.0)
        name = "native" if self._plan.file else settings.kafka.dialect
        redact, session = redaction(settings.kafka), settings.session
        decoder = dialect(name, keyed=True, redact_query=redact, privacy=settings.privacy)
        if not self._plan.namespace:
            return LiveReplay(
                partition, decoder, session, self._store, self._checkpoints(), calls,
                lineage=self._lineage, generation=self._plan.generation,
                withheld=lambda shopper: self._experiments.assign(shopper).withheld,
            )  # fmt: skip
        memory = make_memory(settings, self._kept(), self._kinds)
        self._erasing.add(settings.kafka.topic, partition, memory.backlog)
        return PartitionReplay(
            partition, memory.backlog, memory.recall, decoder, session, self._store, memory.checkpoints, calls
        )

    def _checkpoints(self) -> Checkpoints:
        return make_checkpoints(self._settings, self._kept(), self._kinds)

    def _kept(self) -> StorePorts:
        return StorePorts(
            store=self._store, name="replay", clock_ms=clock_ms, lineage=self._lineage,
            generation=self._plan.generation, erased=self._erasing.of,
            default_purposes=self._settings.privacy.default_purposes,
        )  # fmt: skip

    async def _follow(self) -> None:
        """Hear how much operators leave to replays."""
        fleet = RedisFleet(self._redis, self._live, self._within_s)
        while True:
            with suppress(StoreUnavailable, StoreCorrupt):
                self._hear(await fleet.read())
            await asyncio.sleep(SAVE_S)

    def _hear(self, fleet: Fleet) -> None:
        self._switches = load(fleet.switches)
        self._experiments.learn(fleet.decisions)

    async def _save(self) -> None:
        while True:
            await asyncio.sleep(SAVE_S)
            if self._plan.namespace:
                with suppress(StoreUnavailable):
                    await self._saved.write(self._reached())
                    await self._note_place()

    def _reached(self) -> Mapping[int, int]:
        """Where to go on, in each partition."""
        offsets = {number: driver.partition.ledger.uncovered() for number, driver in self._drivers.items()}
        return {number: at for number, at in offsets.items() if at is not None}

    async def _note_place(self) -> None:
        """Whoever is erased from now on is erased here too."""
        if self._plan.namespace:
            await self._places.note("namespace", [self._plan.namespace])

    @asynccontextmanager
    async def follow_erasures(self) -> AsyncIterator[None]:
        """Hear of erasures while the block runs."""
        if self._plan.file:
            yield
            return
        async with TopicReader(self._settings.kafka.options.committed()) as reader:
            topic = ErasureReader(reader, self._settings.kafka.erasure_topic)
            store = RedisErasures(self._redis, self._live, self._within_s, self._watermarks)
            async with self._erasing.following(lambda: Erasures(store, self._store, self._lineage, topic)):
                yield
