"""Owed shoppers of several partitions: each partition's are loaded beside the others', whichever is the first."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, build
from agents.worker.enrichment import Enrichment
from agents.worker.recall import LATE
from agents.worker.upkeep import UpkeepRules
from penchant.settings.root import Settings
from storage.checkpoints import Context, Write
from streams.errors import StoreUnavailable
from streams.events.decoding import Decoder
from streams.kafka.batches import TP, RecordBatch
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session
from tests.fakes.model import ScriptedModel
from tests.fakes.no_letters import NoLetters
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason
from tests.until import until

PARTITIONS = 4


class Store(MemoryStore):
    """Remembers of which partitions marks were read; some may not be readable."""

    def __init__(self, unreadable: Collection[int] = ()) -> None:
        super().__init__(lambda: 0)
        self.read: list[int] = []
        self.unreadable = unreadable

    async def owed(self, partition: int) -> list[str]:
        self.read.append(partition)
        if partition in self.unreadable:
            raise StoreUnavailable("the slot of these marks is away")
        return await super().owed(partition)


async def marked(store: Store, partition: int, shoppers: Sequence[str]) -> None:
    """Stored though owed, by a worker that died."""
    session = Session()
    session.folded = 5
    contexts = [Context(each, Position(0, 5), partition, "w0:1", dump(session), owed=True) for each in shoppers]
    await store.write([Write(context, 1_000_000) for context in contexts])
    await store.owe(partition, [f"0:5:0:{each}" for each in shoppers])


async def looked_after(
    store: Store, rules: UpkeepRules, enough: Callable[[Enrichment], bool], held: Sequence[RecordBatch] = ()
) -> Enrichment:
    """A worker of all partitions, whose model never answers, once that is enough. `held` are batches that wait for the
    store."""
    ports = Ports(
        kept=StorePorts(store=store, name="w", clock_ms=lambda: 0), letters=NoLetters(), decoder=Decoder(),
        reasoning=Reason(), slots=UnlimitedSlots(ScriptedModel(lambda _: Turn(delay_s=1e6))), meter=Meter(),
    )  # fmt: skip
    enrichment = build(Settings(), ports, rules).enrichment
    for number in range(PARTITIONS):
        enrichment.assigned(TP("clicks", number), 1)
    for batch in held:
        enrichment.partitions[batch.tp].hold(batch, 0.0)
    running = asyncio.ensure_future(enrichment.run())
    await until(lambda: enough(enrichment))
    running.cancel()
    await asyncio.wait([running])
    return enrichment


def loaded(enrichment: Enrichment) -> list[int]:
    return [len(partition.shoppers) for partition in enrichment.partitions.values()]


async def test_each_partition_has_its_part_of_those_who_are_loaded_for_their_marks() -> None:
    """After a crash each has as many marks as shoppers; the last one waits no longer than the first."""
    store = Store()
    for number in range(PARTITIONS):
        await marked(store, number, [f"s{number}-{who}" for who in range(LATE)])
    enrichment = await looked_after(store, UpkeepRules(), lambda at: sum(loaded(at)) >= LATE)
    assert loaded(enrichment) == [LATE // PARTITIONS] * PARTITIONS


async def test_a_partition_leaves_what_it_does_not_need_to_the_others() -> None:
    """Two have nobody who is marked: the two others share the room."""
    store = Store()
    for number in (0, 3):
        await marked(store, number, [f"s{number}-{who}" for who in range(LATE)])
    enrichment = await looked_after(store, UpkeepRules(), lambda at: sum(loaded(at)) >= LATE)
    assert min(loaded(enrichment)[0], loaded(enrichment)[3]) >= LATE // PARTITIONS


async def test_another_partition_is_the_first_each_time() -> None:
    """Where there is room for fewer shoppers than partitions, the last of them have their turn too."""
    store, rules = Store(), UpkeepRules(store_retry_s=0.0, recall_every_s=0.0)
    await looked_after(store, rules, lambda _: len(store.read) >= PARTITIONS**2)
    assert len(set(store.read[: PARTITIONS**2 : PARTITIONS])) == PARTITIONS


async def test_marks_that_cannot_be_read_hold_no_batch_up() -> None:
    """A part of the store may be away: what waits for another part is taken in all the same."""
    store, rules = Store(unreadable=range(PARTITIONS)), UpkeepRules(store_retry_s=0.0)
    batches = [RecordBatch("clicks", number, 1, []) for number in range(PARTITIONS)]
    enrichment = await looked_after(
        store, rules, lambda at: not any(each.held for each in at.partitions.values()), batches
    )
    assert store.read
    assert not any(partition.held for partition in enrichment.partitions.values())
