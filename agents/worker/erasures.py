"""Erasures: whom to forget in the store, in memory, in calls under way, and in what is read again."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from storage.checkpoints import Incarnation
from storage.erasures import ErasureStore
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.kafka.batches import TP
from streams.records.erasures import Erasure
from streams.records.watermark import Watermark

CHUNK = 256
"""Shoppers forgotten in one pipeline."""

RECENT = 100_000
"""Erasures kept at hand, the newest: of a store that falls back by less the worker knows better at once."""

MOST_UNDECIDED = 10_000
"""Erasures that a part of the store has not taken over yet, while others have; beyond it, all of it counts as away."""

LOOK_S = 1.0
"""How often a worker looks for new erasures."""

log = structlog.get_logger()


class Waiting(Protocol):
    """The port to what is owed (agents/worker/backlog.py)."""

    def drop(self, shopper: Shopper) -> None: ...


class Calls(Protocol):
    """The port to the calls under way (agents/worker/dispatch.py)."""

    def forget(self, shopper: Shopper) -> None: ...

    def forget_in_shadows(self, shopper_id: str) -> None: ...


class ErasureTopic(Protocol):
    """The port to the topic, which holds the truth; see streams/kafka/erasure_topic.py. Raises BrokerUnavailable."""

    async def end(self) -> Watermark: ...

    def between(self, first: Watermark, end: Watermark) -> AsyncIterator[Sequence[Erasure]]: ...


class Erasures:
    """Takes every new erasure over into memory and the store, and tells the store again what it lacks.

    It is the store's Incarnation too: before a store that came back as another one is served from, it has all of them.
    What is older than RECENT is not in memory: the store has it, and the watermarks say so. `heard_s`: all that had
    been asked for by then is known here.
    """

    def __init__(
        self, store: ErasureStore, incarnation: Incarnation, lineage: int, topic: ErasureTopic, recent: int = RECENT
    ) -> None:
        self._store, self._incarnation, self._lineage, self._topic = store, incarnation, lineage, topic
        self._recent: dict[str, Erasure] = {}
        self._most = recent
        self._undecided: dict[str, Erasure] = {}
        self._taken: Watermark | None = None
        self._is_topic_lost = False
        self.heard_s = float("-inf")
        self._reading = asyncio.Lock()
        self._partitions: Mapping[TP, Partition] = {}
        self._backlog: Waiting | None = None
        self._calls: Calls | None = None

    def attach(self, partitions: Mapping[TP, Partition], backlog: Waiting, calls: Calls | None = None) -> None:
        """What is held in memory; it comes later, since loading sessions asks for erasures."""
        self._partitions, self._backlog, self._calls = partitions, backlog, calls

    def __len__(self) -> int:
        """How many erasures are at hand."""
        return len(self._recent)

    def of(self, shopper: str) -> Erasure | None:
        """The shopper's last erasure, if it is a recent one."""
        return self._recent.get(shopper)

    async def run(self, every_s: float = LOOK_S) -> None:
        """Look for new erasures until cancelled."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.catch_up()
            except (BrokerUnavailable, StoreUnavailable) as error:
                log.debug("erasures.unknown", error=str(error))

    async def catch_up(self) -> None:
        """Take over all there is. Raises BrokerUnavailable or StoreUnavailable: the same call then takes it over again.

        The first time it begins where the store says that others had come to.
        """
        async with self._reading:
            asked_s = asyncio.get_running_loop().time()
            end = await self._topic.end()
            taken = self._taken or await self._store.reached()
            self._warn_of_loss(taken, end)
            if not taken.reaches(end) or self._taken is None:
                async for erasures in self._topic.between(taken, end):
                    self._note(erasures)
                    await self._tell(erasures)
                await self._reach(end)
            self.heard_s = asked_s

    def _warn_of_loss(self, taken: Watermark, end: Watermark) -> None:
        """Say once that the topic has gone which erasures were taken over from: this store alone has them now."""
        is_lost = bool(taken.offsets) and not end.offsets
        if is_lost and not self._is_topic_lost:
            log.error("erasures.topic_lost", remedy="ask for them again by their receipts: docs/drills.md")
        self._is_topic_lost = is_lost

    async def incarnation(self) -> str:
        """The store's; it has all erasures before anybody hears of it. Raises StoreUnavailable."""
        found = await self._incarnation.incarnation()
        await self._tell_lost()
        if self._taken is not None and not (reached := await self._store.reached()).reaches(self._taken):
            log.warning("erasures.told_again", why="the store has lost what it had taken over")
            await self._tell_again(reached)
        return found

    async def _tell_again(self, reached: Watermark) -> None:
        async with self._reading:
            if (end := self._taken) is None:
                return
            try:
                async for erasures in self._topic.between(reached, end):
                    await self._tell(erasures)
            except BrokerUnavailable as exc:
                raise StoreUnavailable(f"Redis has lost erasures, and Kafka does not say them again: {exc}") from exc
            await self._reach(end)

    async def _tell_lost(self) -> None:
        """What a load or a refused write has shown to be missing, and what a part of the store did not take before."""
        lost = {**self._undecided}
        for partition in list(self._partitions.values()):
            lost |= partition.untold
        if not lost:
            return
        self._undecided.clear()
        await self._tell(list(lost.values()))
        for partition in list(self._partitions.values()):
            for shopper, erasure in lost.items():
                if partition.untold.get(shopper) == erasure:
                    del partition.untold[shopper]
        if self._taken is not None:
            await self._reach(self._taken)

    async def _tell(self, erasures: Sequence[Erasure]) -> None:
        for first in range(0, len(erasures), CHUNK):
            chunk = erasures[first : first + CHUNK]
            for erasure, outcome in zip(chunk, await self._store.erase(chunk), strict=True):
                if isinstance(outcome, StoreUnavailable):
                    self._undecided[erasure.shopper] = erasure
            if len(self._undecided) > MOST_UNDECIDED:
                self._undecided.clear()
                raise StoreUnavailable(f"Redis does not take over erasures of {MOST_UNDECIDED} shoppers")

    async def _reach(self, end: Watermark) -> None:
        """Only what has all of them counts as having come so far. A topic that is not there leaves the store's mark,
        by which others see that there was one."""
        self._taken = end
        if end.offsets and not self._undecided:
            await self._store.reach(end)

    def _note(self, erasures: Iterable[Erasure]) -> None:
        for erasure in erasures:
            known = self._recent.pop(erasure.shopper, None)
            if known is not None and known.number > erasure.number:
                erasure = known  # noqa: PLW2901 - the later one counts
            self._recent[erasure.shopper] = erasure
            self._forget(erasure)
        while len(self._recent) > self._most:
            del self._recent[next(iter(self._recent))]

    def _forget(self, erasure: Erasure) -> None:
        if self._calls is not None:
            self._calls.forget_in_shadows(erasure.shopper)  # they outlive what is in memory
        for partition in self._partitions.values():
            self._opt(partition, erasure)
            shopper = partition.shoppers.get(erasure.shopper)
            if shopper is not None and shopper.erasure < erasure.number:
                self._drop(partition, shopper, erasure)

    def _opt(self, partition: Partition, erasure: Erasure) -> None:
        """Who opted in is looked at anew. What they did since, and was left out, is read once more."""
        if erasure.opted_out or erasure.shopper not in partition.opted_out:
            return
        del partition.opted_out[erasure.shopper]
        if not erasure.reaches(self._lineage, partition.number, (partition.ledger.next_offset or 0) - 1):
            partition.stale = partition.stale or "opted_in"

    def _drop(self, partition: Partition, shopper: Shopper, erasure: Erasure) -> None:
        """The next event loads what is left, which is nothing. What came since the erasure is read once more, also what
        changed nothing then: beside what was erased it may have been told twice, or late."""
        del partition.shoppers[shopper.id]
        shopper.end()
        last = max(shopper.folded, shopper.unchanged)
        if erasure.opted_out:
            partition.opted_out[shopper.id] = None
        elif not erasure.reaches(self._lineage, partition.number, last):
            partition.stale = partition.stale or "erased"
        for owed in (shopper.owed, shopper.running):
            if owed is not None:
                owed.settle()
        if self._backlog is not None:
            self._backlog.drop(shopper)
        if self._calls is not None:
            self._calls.forget(shopper)
