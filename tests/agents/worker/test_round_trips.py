"""Round trips to the store: partitions do not wait for each other's, and whoever is known waits for none."""

import asyncio
from collections.abc import Sequence

from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, build
from agents.worker.enrichment import Enrichment
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.upkeep import UpkeepRules
from penchant.offline.whatif.arrivals import Record
from penchant.settings.root import Settings
from storage.checkpoints import Context, Erased
from streams.events.decoding import Decoder
from streams.kafka.batches import TP, RecordBatch
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.no_letters import NoLetters
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason

PARTITIONS, SHOPPERS = 8, 100
ROUND_TRIP_S = 0.002
EVENT = b'{"event_id": "e%d", "shopper_id": "s%d-%d", "action": "list_view", "time_ms": 1700000000000}'


class Store(MemoryStore):
    """Two milliseconds away; it counts how often contexts were asked for."""

    loads = 0

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        self.loads += 1
        return await super().load(shoppers)


async def way() -> None:
    """To the store, or back."""
    await asyncio.sleep(ROUND_TRIP_S / 2)


class Clock:
    """Processor time, of which each look takes ten microseconds."""

    now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 1e-5
        return self.now_s


def enriching(store: Store) -> Enrichment:
    ports = Ports(
        kept=StorePorts(store=store, name="w", clock_ms=lambda: 0), letters=NoLetters(), decoder=Decoder(),
        reasoning=Reason(), slots=UnlimitedSlots(ScriptedModel(lambda _: Turn())), meter=Meter(),
        ingest_share=IngestCpuShare(Clock()),
    )  # fmt: skip
    enrichment = build(Settings(), ports, UpkeepRules()).enrichment
    for number in range(PARTITIONS):
        enrichment.assigned(TP("clicks", number), 1)
    return enrichment


def batch(number: int, first: int) -> RecordBatch:
    """An event of each shopper of a partition."""
    records = [
        Record(first + who, 1_700_000_000_000, b"s%d-%d" % (number, who), EVENT % (first + who, number, who))
        for who in range(SHOPPERS)
    ]
    return RecordBatch("clicks", number, 1, records)


async def took_s(enrichment: Enrichment, first: int) -> float:
    """What one poll of all partitions waits, taken in as the agent does."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    await asyncio.gather(*(enrichment.take(batch(number, first)) for number in range(PARTITIONS)))
    return loop.time() - began_s


def test_a_poll_waits_for_one_round_trip_whatever_its_partitions() -> None:
    """Each partition asks once, and none after the other; the next poll, of shoppers who are known, waits for none."""

    async def main() -> tuple[float, int, float, int]:
        store = Store(lambda: 0, way)
        enrichment = enriching(store)
        first_s, loads = await took_s(enrichment, 0), store.loads
        return first_s, loads, await took_s(enrichment, SHOPPERS), store.loads

    first_s, loads, second_s, after = virtually(main)
    assert (loads, after) == (PARTITIONS, PARTITIONS)
    assert first_s < 1.5 * ROUND_TRIP_S  # virtual seconds: a turn of the loop takes a little of them
    assert second_s < 0.5 * ROUND_TRIP_S


def test_a_poll_of_few_events_takes_one_turn_of_the_loop_and_not_one_for_each_partition() -> None:
    """Nobody rests after so little: what waits for its partition would wait for all the others too."""

    async def main() -> int:
        enrichment = enriching(Store(lambda: 0, way))
        await took_s(enrichment, 0)
        taking = asyncio.gather(*(enrichment.take(batch(number, SHOPPERS)) for number in range(PARTITIONS)))
        turns = 0
        while not taking.done():
            await asyncio.sleep(0)
            turns += 1
        return turns

    assert virtually(main) <= 3
