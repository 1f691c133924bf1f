"""Eviction: what is packed, what is dropped, and what the rest is thought to weigh."""

import asyncio
import gc
import itertools
import tracemalloc
from collections.abc import Callable
from random import Random

import pytest

from agents.health.snapshot import Held
from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, build
from agents.worker.eviction import EvictionRules, evict, holdings
from agents.worker.partition import Partition
from agents.worker.shoppers import Owed, Shopper
from agents.worker.upkeep import UpkeepRules
from penchant.settings.root import Settings
from sandbox.shop.shoppers import ShopperTraffic
from streams.events.decoding import Decoder
from streams.events.event import Item, ShopperEvent
from streams.kafka.batches import TP
from streams.sessions.session import SessionRules, fold
from tests.fakes.model import ScriptedModel
from tests.fakes.no_letters import NoLetters
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason

RULES = EvictionRules(pack_s=30, drop_s=900, most=1_000_000, most_bytes=10**12, step=10_000, turns=1)
ALL = 10**9
"""Every offset is stored for good."""


def fill(partition: Partition, count: int, rows: int = 5, touched_s: float = 0.0) -> list[Shopper]:
    """Clean sessions."""
    products = [Item(f"sku-{n}", f"Kettle number {n}", "home/kitchen", "Brivane", 9.99) for n in range(50)]
    random = Random(7)
    for who in range(count):
        shopper = partition.shoppers[f"shopper-{who}"] = Shopper(f"shopper-{who}", partition)
        shopper.touched_s = touched_s
        for row in range(rows):
            items = (random.choice(products),)
            event = ShopperEvent(f"{random.getrandbits(64):016x}-{row}", shopper.id, "view", 1_000 * row, items)
            fold(shopper.session, event, row, event.time_ms, SessionRules())
    return list(partition.shoppers.values())


def sweep(partition: Partition, now_s: float, rules: EvictionRules = RULES, held: Held | None = None) -> int:
    """Look at all sessions once."""
    gone = evict(partition, now_s, rules, held or holdings(partition), safe=ALL)
    return gone + evict(partition, now_s, rules, held or holdings(partition), safe=ALL)


def test_quiet_sessions_are_packed_and_later_dropped() -> None:
    """Each at its time, as long as they are clean."""
    partition = Partition(0, 1, 0.0)
    shoppers = fill(partition, 10)
    shoppers[0].owed = Owed(first_s=0, last_s=0)
    assert sweep(partition, 29.0) == 0
    assert not any(shopper.packed for shopper in shoppers)
    assert sweep(partition, 30.0) == 0
    assert [shopper.packed for shopper in shoppers] == [False] + [True] * 9
    assert sweep(partition, 900.0) == 9
    assert list(partition.shoppers) == ["shopper-0"]


@pytest.mark.parametrize("bound", ["sessions", "bytes"])
def test_a_crowd_is_thinned_to_the_bound(bound: str) -> None:
    """Beyond either bound clean sessions go at once, and no more of them than must."""
    partition = Partition(0, 1, 0.0)
    shoppers = fill(partition, 100)
    sweep(partition, 0.0)
    bytes_of_60 = sum(shopper.size_bytes for shopper in shoppers[40:])
    sweep(partition, 0.0, EvictionRules(most=60) if bound == "sessions" else EvictionRules(most_bytes=bytes_of_60))
    assert len(partition.shoppers) == 60


def test_what_is_not_stored_for_good_stays() -> None:
    """A crowd or not: a session beyond what may be committed is not dropped."""
    partition = Partition(0, 1, 0.0)
    fill(partition, 100, rows=5)
    sweep(partition, 0.0)
    assert evict(partition, 9_999.0, EvictionRules(most=0), holdings(partition), safe=4) == 0
    assert evict(partition, 9_999.0, EvictionRules(most=0), holdings(partition), safe=5) > 0


def test_who_was_just_called_stays() -> None:
    """A crowd or not: whoever is dropped would come back as one who was never called, and be called too soon."""
    partition = Partition(0, 1, 0.0)
    for shopper in fill(partition, 10)[:3]:
        shopper.rested_s = 2.0
    assert sweep(partition, 1.9, EvictionRules(most=0)) == 7
    assert sweep(partition, 2.0, EvictionRules(most=0)) == 3


def test_a_walk_takes_its_turns_unless_there_is_a_crowd() -> None:
    """Few sessions are not looked at again and again: that would cost a core more than their calls."""
    partition = Partition(0, 1, 0.0)
    shoppers = fill(partition, 100)
    rules = EvictionRules(turns=10)
    evict(partition, 30.0, rules, holdings(partition), safe=ALL)  # the first walk is over nobody
    for walked in (11, 22):
        evict(partition, 30.0, rules, holdings(partition), safe=ALL)
        assert sum(shopper.packed for shopper in shoppers) == walked
    evict(partition, 30.0, EvictionRules(turns=10, most=99), Held(100), safe=ALL)
    assert all(shopper.packed for shopper in partition.shoppers.values())


def test_partitions_share_a_step() -> None:
    """However many partitions a worker has, it looks at no more sessions in one go."""
    partition = Partition(0, 1, 0.0)
    fill(partition, 100)
    rules = EvictionRules(step=80, turns=1)
    for _ in range(2):
        evict(partition, 30.0, rules, Held(), safe=ALL, partitions=8)
    assert partition.weighing.sessions == 10


def test_a_round_packs_few() -> None:
    """All partitions together pack so many in a round; the walk goes on where it was."""
    partition = Partition(0, 1, 0.0)
    shoppers = fill(partition, 100)
    rules = EvictionRules(turns=1, packs=40)
    evict(partition, 30.0, rules, Held(), safe=ALL, partitions=4)  # the first walk is over nobody
    for packed in (10, 20, 30):
        evict(partition, 30.0, rules, Held(), safe=ALL, partitions=4)
        assert sum(shopper.packed for shopper in shoppers) == packed


async def test_each_partition_is_looked_after_in_a_turn_of_its_own() -> None:
    """Each may pack, drop and park some: together that would be a pause."""
    ports = Ports(
        kept=StorePorts(store=MemoryStore(lambda: 0), name="w", clock_ms=lambda: 0), letters=NoLetters(),
        decoder=Decoder(), reasoning=Reason(), slots=UnlimitedSlots(ScriptedModel(lambda _: Turn())), meter=Meter(),
    )  # fmt: skip
    rules = UpkeepRules(every_s=0.0, eviction=EvictionRules(pack_s=-1e12, drop_s=1e12, packs=40, turns=1))
    enrichment = build(Settings(), ports, rules).enrichment
    shoppers = []
    for number in range(4):
        tp = TP("clicks", number)
        enrichment.assigned(tp, 1)
        shoppers += fill(enrichment.partitions[tp], 20)
    running, packed = asyncio.ensure_future(enrichment.run()), [0]
    while packed[-1] < len(shoppers):
        await asyncio.sleep(0)
        packed.append(sum(shopper.packed for shopper in shoppers))
    running.cancel()
    await asyncio.wait([running])
    assert max(after - before for before, after in itertools.pairwise(packed)) == 10


def test_holdings_follow_what_comes_between_two_looks() -> None:
    """Sessions that were not looked at yet count as the others do on average."""
    partition = Partition(0, 1, 0.0)
    fill(partition, 100)
    sweep(partition, 31.0)
    before = holdings(partition)
    assert (before.hot, before.packed) == (0, 100)
    for who in range(100):
        partition.shoppers[f"new-{who}"] = Shopper(f"new-{who}", partition)
    assert holdings(partition).sessions == 200
    assert holdings(partition).size_bytes == pytest.approx(2 * before.size_bytes)


def test_nothing_is_held_before_anything_came() -> None:
    """An empty partition weighs nothing."""
    assert holdings(Partition(0, 1, 0.0)) == Held()


def simulated(partition: Partition) -> None:
    """Sessions of simulated traffic: short ones, long ones, orders, searches."""
    events = ShopperTraffic(3, 150, 1_000.0).events()
    for offset in range(3_000):
        _, event = next(events)
        shopper = partition.shoppers.get(event.shopper_id)
        if shopper is None:
            shopper = partition.shoppers[event.shopper_id] = Shopper(event.shopper_id, partition)
        fold(shopper.session, event, offset, event.time_ms, SessionRules())


def made(rows: int) -> Callable[[Partition], object]:
    """Sessions of a known length."""
    return lambda partition: fill(partition, 150, rows)


@pytest.mark.parametrize("form", ["hot", "packed", "unpacked"])
@pytest.mark.parametrize(
    "make", [made(1), made(5), made(20), made(60), simulated], ids=["1", "5", "20", "60", "traffic"]
)
def test_the_estimate_is_near_the_truth(make: Callable[[Partition], object], form: str) -> None:
    """Within 30 % of what Python's own account of its memory says, for sessions folded, packed and unpacked again."""
    make(Partition(0, 1, 0.0))  # caches fill
    gc.collect()
    tracemalloc.start()
    try:
        partition = Partition(0, 1, 0.0)
        make(partition)
        for shopper in partition.shoppers.values():
            if form != "hot":
                shopper.pack()
            if form == "unpacked":
                assert shopper.session
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    estimate = sum(shopper.size_bytes for shopper in partition.shoppers.values())
    assert 0.7 < estimate / taken < 1.3
