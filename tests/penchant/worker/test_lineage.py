"""The keeper: who is admitted, what a running worker notices, and what a bump does."""

import asyncio

import pytest

from penchant.worker.lineage import LineageKeeper
from streams.errors import ContractMismatch, LineageMismatch
from streams.records.lineage import Kind, Lineage, Log
from tests.fakes.lineage import MemoryRecords, MemoryTopics

TOPIC = "events"
OFTEN_S = 0.001
FIRST = Lineage(0, TOPIC, 2, "id-1")


@pytest.fixture
def topics() -> MemoryTopics:
    """One topic of two partitions."""
    return MemoryTopics(Log(TOPIC, "id-1", (10, 20)))


@pytest.fixture
def records() -> MemoryRecords:
    """A namespace that nobody has used."""
    return MemoryRecords()


@pytest.fixture
def keeper(topics: MemoryTopics, records: MemoryRecords) -> LineageKeeper:
    """The one under test."""
    return LineageKeeper(topics, records, TOPIC, "group")


async def admitted(keeper: LineageKeeper) -> Lineage:
    return await keeper.admit(await keeper.look())


async def test_the_first_worker_records_the_log(keeper: LineageKeeper, records: MemoryRecords) -> None:
    """And how far it goes."""
    assert await admitted(keeper) == records.record == FIRST
    assert records.ends == {0: {0: 10, 1: 20}}


async def test_the_next_worker_takes_it_as_it_stands(keeper: LineageKeeper, topics: MemoryTopics) -> None:
    """However far the log has grown."""
    await admitted(keeper)
    topics.grow(TOPIC, 11, 25)
    topics.offsets = {0: 11}
    assert await admitted(keeper) == FIRST


async def test_two_first_workers_agree(keeper: LineageKeeper, records: MemoryRecords, topics: MemoryTopics) -> None:
    """Whoever comes second takes what the first recorded, or stops when it reads another topic."""
    topics.logs["other"] = Log("other", "id-9", (1,))
    late, stranger = await keeper.look(), LineageKeeper(topics, records, "other", "group")
    other = await stranger.look()
    await admitted(keeper)
    assert await keeper.admit(late) == FIRST
    with pytest.raises(LineageMismatch, match="contexts belong to the topic events, but other is read"):
        await stranger.admit(other)


async def test_the_least_number_of_the_settings_is_taken(records: MemoryRecords, topics: MemoryTopics) -> None:
    """At the beginning, and later when it is higher than the recorded one."""
    assert (await admitted(LineageKeeper(topics, records, TOPIC, "group", least=4))).number == 4
    assert (await admitted(LineageKeeper(topics, records, TOPIC, "group", least=2))).number == 4
    assert (await admitted(LineageKeeper(topics, records, TOPIC, "group", least=6))).number == 6
    assert records.record is not None
    assert records.record.number == 6


@pytest.mark.parametrize(
    ("ends", "topic_id", "committed"),
    [
        ((10, 20), "id-2", {}),
        ((10,), None, {}),
        ((10, 20, 0), None, {}),
        ((9, 20), None, {}),
        ((10, 20), None, {1: 21}),
    ],
    ids=["another id", "fewer partitions", "more partitions", "a lower end", "an end below what was committed"],
)
async def test_another_log_is_refused_with_the_command(
    keeper: LineageKeeper, topics: MemoryTopics, ends: tuple[int, ...], topic_id: str | None, committed: dict[int, int]
) -> None:
    """The remedy names it, and it helps."""
    await admitted(keeper)
    topics.grow(TOPIC, *ends, topic_id=topic_id)
    topics.offsets = committed
    with pytest.raises(LineageMismatch, match="run `penchant lineage bump`"):
        await admitted(keeper)
    lineage = await keeper.bump(await keeper.look())
    assert lineage.number == 1
    assert await admitted(keeper) == lineage


@pytest.mark.parametrize(
    ("ends", "topic_id"), [((9, 20), None), ((10, 20, 0), None), ((99, 99), "id-2")], ids=["cut", "wider", "re-created"]
)
async def test_a_running_worker_notices(
    keeper: LineageKeeper, topics: MemoryTopics, ends: tuple[int, ...], topic_id: str | None
) -> None:
    """The watch raises what a start would."""
    lineage = await admitted(keeper)
    topics.grow(TOPIC, *ends, topic_id=topic_id)
    with pytest.raises(LineageMismatch, match="penchant lineage bump"):
        await keeper.watch(lineage, OFTEN_S)


async def test_a_running_worker_notices_a_bump(keeper: LineageKeeper) -> None:
    """It has to start again, since its number is refused from now on."""
    lineage = await admitted(keeper)
    await keeper.bump(await keeper.look())
    with pytest.raises(LineageMismatch, match="start this worker again"):
        await keeper.watch(lineage, OFTEN_S)


async def test_a_kafka_that_is_away_is_no_mismatch(keeper: LineageKeeper, topics: MemoryTopics) -> None:
    """Others tell of it; the watch looks again later."""
    lineage = await admitted(keeper)
    topics.away = True
    topics.grow(TOPIC, 0, 0)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(keeper.watch(lineage, OFTEN_S))
        while topics.asked < 5:  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0)
        assert not watching.done()
        watching.cancel()
    topics.away = False
    with pytest.raises(LineageMismatch):
        await keeper.watch(lineage, OFTEN_S)


@pytest.mark.parametrize("left", [None, FIRST])
async def test_a_record_that_was_lost_is_put_back(
    keeper: LineageKeeper, records: MemoryRecords, left: Lineage | None
) -> None:
    """After a Redis that lost it, or went back to before a bump, the running workers know better."""
    await admitted(keeper)
    lineage = await keeper.bump(await keeper.look())
    records.record, records.ends = left, {}
    await keeper.check(lineage)
    assert records.record == lineage
    assert records.ends == {1: {0: 10, 1: 20}}


async def test_partitions_that_were_added_begin_a_lineage_at_the_ends(
    keeper: LineageKeeper, topics: MemoryTopics, records: MemoryRecords
) -> None:
    """What is before them may be of shoppers who moved since; the group goes on where it was."""
    await admitted(keeper)
    topics.grow(TOPIC, 12, 24, 5)
    topics.offsets = {0: 11, 1: 20}
    findings = await keeper.look()
    assert (findings.change and findings.change.kind, findings.backlog) == (Kind.WIDENED, 1 + 4 + 5)
    assert await keeper.bump(findings) == Lineage(1, TOPIC, 3, "id-1", (12, 24, 5))
    assert topics.offsets == {0: 11, 1: 20}
    assert records.ends == {1: {0: 12, 1: 24, 2: 5}}


async def test_a_topic_that_was_recreated_is_read_from_its_beginning(
    keeper: LineageKeeper, topics: MemoryTopics
) -> None:
    """Offsets that were committed of the old one would skip records of the new one, unless somebody translated them."""
    await admitted(keeper)
    topics.grow(TOPIC, 500, 500, topic_id="id-2")
    topics.offsets = {0: 10, 1: 20}
    kept = await keeper.bump(await keeper.look(), keep_offsets=True)
    assert topics.offsets == {0: 10, 1: 20}
    topics.grow(TOPIC, 500, 500, topic_id="id-3")
    assert await keeper.bump(await keeper.look()) == Lineage(kept.number + 1, TOPIC, 2, "id-3")
    assert topics.offsets == {0: 0, 1: 0}


async def test_a_log_that_lost_its_end_is_read_on_from_there(keeper: LineageKeeper, topics: MemoryTopics) -> None:
    """Only the partition that did."""
    await admitted(keeper)
    topics.grow(TOPIC, 10, 15)
    topics.offsets = {0: 10, 1: 20}
    await keeper.bump(await keeper.look())
    assert topics.offsets == {0: 10, 1: 15}


async def test_a_group_with_members_is_not_moved(
    keeper: LineageKeeper, topics: MemoryTopics, records: MemoryRecords
) -> None:
    """Then nothing is recorded either."""
    await admitted(keeper)
    topics.grow(TOPIC, 500, 500, topic_id="id-2")
    topics.offsets, topics.busy = {0: 10}, True
    with pytest.raises(ContractMismatch, match="members"):
        await keeper.bump(await keeper.look())
    assert records.record == FIRST


async def test_two_bumps_at_once_are_one(keeper: LineageKeeper, topics: MemoryTopics) -> None:
    """The second is told to look."""
    await admitted(keeper)
    topics.grow(TOPIC, 10, 20, 0)
    findings = await keeper.look()
    await keeper.bump(findings)
    with pytest.raises(ContractMismatch, match="penchant lineage show"):
        await keeper.bump(findings)


async def test_a_bump_may_name_a_higher_number(keeper: LineageKeeper, records: MemoryRecords) -> None:
    """Where Redis lost the record and kept contexts; also before any worker recorded one."""
    assert (await keeper.bump(await keeper.look(), 7)).number == 7
    assert (await keeper.bump(await keeper.look(), 3)).number == 8
    assert records.record is not None
    assert records.record.number == 8
