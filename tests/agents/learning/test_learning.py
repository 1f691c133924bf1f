"""Workers learn together: nothing counts twice, whoever folds it again, and all use the snapshot of the hour."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from agents.learning.learning import Learning
from agents.learning.predictors import read_predictor
from agents.learning.rules import LearningRules
from agents.learning.snapshots import foresight_of
from agents.worker.partition import Partition
from prompts.learned.counts import day_of
from prompts.learned.lessons import EVERYONE, Lesson
from prompts.learned.packing import load_days, load_totals
from streams.errors import SettingInvalid, StoreCorrupt
from streams.events.event import Item, ShopperEvent
from streams.kafka.batches import TP
from streams.sessions.session import QUIET, Session, SessionRules, fold
from tests.fakes.counts import MemoryCounts
from tests.prompts.learned.stream import DAY_MS, MINUTE_MS, START_MS, Visit, crowd
from tests.prompts.learned.trees import predictor, predictor_file
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES

HOUR_MS = 3_600_000
PAIR = Lesson("category_after", "home/kitchen/kettles", "sport/shoes")
VISITS = crowd("stays", 60, [KETTLE, OTHER_KETTLE]) + crowd("runs", 60, [KETTLE, SHOES])


class Clock:
    """The wall clock."""

    def __init__(self) -> None:
        self.now_ms = START_MS + HOUR_MS

    def __call__(self) -> int:
        return self.now_ms


class Worker:
    """The partitions of a worker, and what it learns of them."""

    def __init__(self, store: MemoryCounts, clock: Clock, *numbers: int, share: float = 1.0) -> None:
        self.partitions = {number: Partition(number, 1, 0.0) for number in numbers}
        self.learning = Learning(store, LearningRules(enabled=True, share=share), 2, 0, clock)
        self.learning.attach({TP("shop", number): each for number, each in self.partitions.items()})

    def fold(self, visits: Iterable[Visit], number: int = 0, offset: int = 0) -> None:
        """Fold visits, as ingest does, from an offset on."""
        partition = self.partitions[number]
        for shopper, start_ms, items in visits:
            session = Session()
            for at, item in enumerate(items):
                time_ms = start_ms + at * MINUTE_MS
                event = ShopperEvent(f"{start_ms}-{at}", shopper, "view", time_ms, (item,))
                offset += 1
                partition.ledger.received(offset)
                if fold(session, event, at, time_ms, SessionRules()) >= QUIET:
                    self.learning.teach(partition, event, session)


def places(store: MemoryCounts, number: int = 0, lesson: Lesson = PAIR) -> int:
    """What the store holds of a pair."""
    days = load_days(store.bodies[number][2])
    return sum(day.pairs.get(lesson, 0).bit_count() for day in days)


async def test_an_hour_later_rules_foresee_by_what_was_taught() -> None:
    """The owner of partition 0 makes the snapshot of what all partitions hold, and every worker takes it up."""
    store, clock = MemoryCounts(), Clock()
    one, other = Worker(store, clock, 0), Worker(store, clock, 1)
    other.fold(VISITS, 1)
    await other.learning.turn()
    assert other.learning.foresight is None
    one.fold(crowd("more", 30, [SHOES, KETTLE]))
    await one.learning.turn()
    await other.learning.turn()
    assert one.learning.foresight is not None
    assert other.learning.foresight is not None
    name = one.learning.foresight.learned.name
    assert other.learning.foresight.learned.name == name == store.name
    assert name.startswith("2023-11-14T01-")
    held = dict(other.learning.foresight.learned.row("categories", EVERYONE))
    assert set(held) == {"home/kitchen/kettles", "sport/shoes"}


async def test_categories_of_cards_are_in_the_snapshot() -> None:
    """Also before anybody taught anything; what is sensitive is not among them."""
    store, clock = MemoryCounts(), Clock()
    store.categories = ["garden/hoses", "health/pregnancy tests", "sport/shoes"]
    worker = Worker(store, clock, 0)
    await worker.learning.turn()
    assert worker.learning.foresight is not None
    held = dict(worker.learning.foresight.learned.row("categories", EVERYONE))
    assert set(held) == {"garden/hoses", "sport/shoes"}
    clock.now_ms += HOUR_MS
    worker.fold(VISITS)
    await worker.learning.turn()
    held = dict(worker.learning.foresight.learned.row("categories", EVERYONE))
    assert held["sport/shoes"] > held["garden/hoses"] > 0
    assert "home/kitchen/kettles" in held


async def test_a_category_that_no_event_could_name_ends_no_worker() -> None:
    """A catalogue's categories may have braces, and others' be longer than an id."""
    store = MemoryCounts()
    store.categories = ["home/{sale}", "x/" * 300, "\N{REPLACEMENT CHARACTER}", "garden/hoses"]
    worker = Worker(store, Clock(), 0)
    await worker.learning.turn()
    assert worker.learning.foresight is not None
    assert {"home/{sale}", "garden/hoses"} <= set(dict(worker.learning.foresight.learned.row("categories", EVERYONE)))


async def test_a_refold_counts_nothing_twice() -> None:
    """A worker that crashed folded some events that the next owner folds again, with others after them."""
    store, clock = MemoryCounts(), Clock()
    first = Worker(store, clock, 0)
    first.fold(VISITS)
    await first.learning.turn()
    once, offset = places(store), store.bodies[0][1]
    second = Worker(store, clock, 0)
    second.fold(VISITS[30:], offset=60)
    await second.learning.turn()
    assert places(store) == once
    assert store.bodies[0][1] == offset


async def test_what_an_earlier_owner_wrote_is_taken_over() -> None:
    """Though the next one folds none of it again."""
    store, clock = MemoryCounts(), Clock()
    first = Worker(store, clock, 0)
    first.fold(VISITS)
    await first.learning.turn()
    once = places(store)
    second = Worker(store, clock, 0)
    second.fold(crowd("later", 3, [KETTLE, OTHER_KETTLE]), offset=500)
    await second.learning.turn()
    assert places(store) == once
    assert places(store, lesson=Lesson("stays", "0", "stay")) > 0


async def test_an_owner_of_the_past_writes_nothing() -> None:
    """A frozen worker that wakes up is behind the offset that the store covers."""
    store, clock = MemoryCounts(), Clock()
    zombie, owner = Worker(store, clock, 0), Worker(store, clock, 0)
    zombie.fold(VISITS[:10])
    owner.fold(VISITS)
    await owner.learning.turn()
    held = store.bodies[0]
    await zombie.learning.turn()
    assert store.refused == 1
    assert store.bodies[0] == held


async def test_a_revoked_partition_is_written_no_more() -> None:
    """What its next owner writes stays."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.fold(VISITS)
    worker.partitions[0].end()
    await worker.learning.turn()
    assert store.bodies == {}
    assert store.name == ""


async def test_a_store_that_is_away_costs_nothing_but_time() -> None:
    """Counts stay in memory, and are written when it is back."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.fold(VISITS)
    store.away = True
    await worker.learning.turn()
    store.away = False
    await worker.learning.turn()
    assert places(store) > 20
    assert worker.learning.foresight is not None


async def test_days_are_closed_once() -> None:
    """Two days later a day is part of the totals, and the next snapshot counts it once, though it still stands in what
    the partition holds."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.fold(VISITS)
    await worker.learning.turn()
    once = places(store)
    clock.now_ms += 2 * DAY_MS
    worker.fold(crowd("later", 30, [SHOES, KETTLE], day=2), offset=500)
    await worker.learning.turn()
    clock.now_ms += HOUR_MS
    await worker.learning.turn()
    assert store.closed is not None
    totals = load_totals(store.closed)
    assert (totals.day, totals.days) == (day_of(START_MS), 1)
    assert totals.pairs[PAIR].weight == once


async def test_a_snapshot_is_never_changed() -> None:
    """The same counts have the same name an hour; later ones another, and the old one stays readable for replays."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.fold(VISITS)
    await worker.learning.turn()
    first = store.name
    clock.now_ms += HOUR_MS
    worker.fold(crowd("later", 40, [SHOES, KETTLE]), offset=500)
    await worker.learning.turn()
    assert store.name != first
    old = await foresight_of(store, first)
    assert old is not None
    assert old.learned.name == first
    assert await foresight_of(store, "2001-01-01T00-nothing") is None


async def test_bytes_that_are_no_counts_are_passed_over() -> None:
    """A partition begins anew, the others teach on; a snapshot that is none is said to be corrupt."""
    store, clock = MemoryCounts(), Clock()
    store.bodies |= {0: (0, 0, b"rubbish"), 1: (0, 0, b"rubbish")}
    store.closed = b"rubbish"
    worker = Worker(store, clock, 0)
    worker.fold(VISITS)
    await worker.learning.turn()
    assert places(store) > 20
    assert worker.learning.foresight is not None
    store.snapshots["rubbish"] = b"rubbish"
    with pytest.raises(StoreCorrupt, match="rubbish"):
        await foresight_of(store, "rubbish")


def test_a_share_of_the_shoppers_teaches() -> None:
    """Always the same ones, whichever worker they meet."""
    counted = []
    for _ in range(2):
        worker = Worker(MemoryCounts(), Clock(), 0, share=0.25)
        worker.fold(crowd("many", 400, [KETTLE]))
        counted.append({number: day.pairs for number, day in worker.partitions[0].taught.days.items()})
        assert 60 < worker.partitions[0].taught.taught < 140
    assert counted[0] == counted[1]


async def test_too_few_teach_nothing() -> None:
    """Without twenty shoppers there is no snapshot, and the rules stay as they are."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.fold(crowd("few", 12, [KETTLE, Item("sku-9", None, "x", "y", 3.0, "EUR")]))
    await worker.learning.turn()
    assert store.name == ""
    assert worker.learning.foresight is None


async def test_a_predictor_is_named_with_the_snapshot_that_it_orders() -> None:
    """What a worker foresees by names both; to ask for a snapshot with trees that are not there is refused."""
    store, clock = MemoryCounts(), Clock()
    worker = Worker(store, clock, 0)
    worker.learning = Learning(store, LearningRules(enabled=True), 2, 0, clock, predictor())
    worker.learning.attach({TP("shop", 0): worker.partitions[0]})
    worker.fold(VISITS)
    await worker.learning.turn()
    assert worker.learning.foresight is not None
    name = worker.learning.foresight.name
    assert name == f"{store.name}+{predictor().name}"
    again = await foresight_of(store, name, predictor())
    assert again is not None
    assert again.name == name
    with pytest.raises(SettingInvalid, match=r"learning\.predictor"):
        await foresight_of(store, name)
    with pytest.raises(SettingInvalid, match="is asked for"):
        await foresight_of(store, f"{store.name}+0123456789ab", predictor())


def test_a_predictor_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """The file is named, and how it is made."""
    with pytest.raises(SettingInvalid, match=r"(?s)trees\.json.*penchant learn --predictor"):
        read_predictor(tmp_path / "trees.json")
    (tmp_path / "trees.json").write_bytes(predictor_file())
    assert read_predictor(tmp_path / "trees.json").name == predictor().name
