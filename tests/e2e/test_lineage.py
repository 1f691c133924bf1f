"""The event topic is not what it was: the worker stops, the command that it names helps, and no history is lost."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka.partitioner import DefaultPartitioner
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from streams.errors import ContractMismatch, LineageMismatch
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, until
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka
from tests.penchant.commands import Ended, run

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis]

SHOPPERS, EACH = 30, 4
NO_MODEL = "unused:1"
BUMP = ("lineage", "bump", "--yes", "--json")


async def test_a_topic_that_is_not_keyed_is_refused_and_the_remedy_helps(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """The command in the message makes a topic that the worker takes."""
    topic = await real_kafka.topic(3)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    for turn, event in enumerate(events(SHOPPERS, EACH)):
        await real_kafka.produce(topic, [encode(event)], partition=turn % 3, keys=[b"order-7"])
    with pytest.raises(ContractMismatch) as refused:
        await started(settings)
    assert f"{SHOPPERS * EACH} of {SHOPPERS * EACH} sampled events are not keyed" in str(refused.value)
    command = re.search(r"run `penchant ([^`]+)`, .* set kafka.topic to (\S+)", refused.value.remedy)
    assert command is not None

    ended = await run(tmp_path, variables(settings), *command[1].split(), "--until-end", "--json")

    assert ended.report["written"] == SHOPPERS * EACH, ended.err
    keyed = settings.model_copy(update={"kafka": replace(settings.kafka, topic=command[2])})
    async with worker(keyed, ScriptedModel()):
        await counted(keyed, EACH, 0)


async def test_a_shopper_in_two_partitions_is_refused(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """A single one would do."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    for partition in range(2):
        await real_kafka.produce(topic, [encode(events(1, 1)[0])], partition=partition, keys=[b"shopper-0"])
    with pytest.raises(ContractMismatch, match="shoppers stand in more than one partition"):
        await started(settings)


async def test_a_missing_topic_is_told_and_not_made(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """With the command that makes one."""
    settings = make_settings(real_kafka, "no-such-topic", NO_MODEL)
    for _ in range(2):
        with pytest.raises(ContractMismatch, match="--create-topic"):
            await started(settings)


async def test_a_running_worker_notices_partitions_before_anybody_uses_them(
    real_kafka: Kafka, make_settings: MakeSettings
) -> None:
    """So that it stops before a shopper stands in two of them."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    await send(real_kafka, topic, 2, turns(1)[0])
    with pytest.raises(ExceptionGroup) as stopped:
        await widened_while_running(real_kafka, settings, [])
    assert stopped.group_contains(LineageMismatch, match=f"{topic} has 5 partitions, it had 2")


async def test_partitions_that_are_added_stop_a_running_worker_until_the_bump(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """While shoppers go on and move to other partitions. All of their events are in their intents afterwards."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    first, second, third = turns(3)
    await send(real_kafka, topic, 2, first)
    with pytest.raises(ExceptionGroup) as stopped:
        await widened_while_running(real_kafka, settings, second)
    assert stopped.group_contains(LineageMismatch, match="penchant lineage bump")
    with pytest.raises(LineageMismatch, match="run `penchant lineage bump`"):
        await started(settings)

    bumped = await run(tmp_path, variables(settings), *BUMP)

    assert bumped.status == 0, bumped.err
    assert (bumped.report["number"], bumped.report["partitions"]) == (1, 5)
    async with worker(settings, ScriptedModel()):
        await counted(settings, 2 * EACH)
        await send(real_kafka, topic, 5, third)
        await counted(settings, 3 * EACH, 1)
    async with worker(settings, ScriptedModel()):
        await settled(settings)


async def test_unread_events_in_two_partitions_take_another_bump(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """The worst case: shoppers move before their earlier events were read. Each stop names the command again, and in
    the end nothing is missing."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    async with worker(settings, ScriptedModel()):
        await until_committed(real_kafka, settings, None)
    first, second = turns(2)
    await send(real_kafka, topic, 2, first)
    await asyncio.to_thread(add_partitions, real_kafka, topic, 5)
    await send(real_kafka, topic, 5, second)
    for _ in range(4):
        assert (await run(tmp_path, variables(settings), *BUMP)).status == 0
        if await works_off(settings, 2 * EACH):
            return
    raise AssertionError("bumping does not help")


async def test_a_topic_that_was_recreated_stops_the_worker_until_the_bump(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Its new records are all read, though offsets of the old one stood above them, and the histories go on."""
    topic = await real_kafka.topic(2)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    first, second = turns(2)
    await send(real_kafka, topic, 2, first)
    async with worker(settings, ScriptedModel()):
        await counted(settings, EACH, 0)
    await asyncio.to_thread(recreate, real_kafka, topic, 2)
    await send(real_kafka, topic, 2, second)
    await real_kafka.commit(settings.kafka.group, topic, 20)  # by a worker that ran on
    with pytest.raises(LineageMismatch, match="was re-created"):
        await started(settings)
    shown = await run(tmp_path, variables(settings), "lineage", "show", "--json")
    assert (shown.status, shown.report["change"]) == (1, "re-created")

    bumped = await run(tmp_path, variables(settings), *BUMP)

    assert bumped.status == 0, bumped.err
    assert await real_kafka.committed(settings.kafka.group, topic) == 0
    async with worker(settings, ScriptedModel()):
        await counted(settings, 2 * EACH, 1)
    shown = await run(tmp_path, variables(settings), "lineage", "show")
    assert (shown.status, "they are the same log" in shown.out) == (0, True)


async def test_a_bump_waits_for_workers_that_run(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """Their group's offsets cannot be moved under them."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, NO_MODEL)
    async with worker(settings, ScriptedModel()):
        await real_kafka.produce(topic, [encode(events(1, 1)[0])], keys=[b"shopper-0"])
        await until_committed(real_kafka, settings, 1)
    async with recreated_under_a_worker(real_kafka, settings):
        refused = await run(tmp_path, variables(settings), *BUMP)
    assert refused.status == 1
    assert "are running" in refused.err
    assert "stop all of them" in refused.err


async def test_nobody_is_asked_where_nobody_is(real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path) -> None:
    """A script that forgot --yes hears of it, and nothing is changed."""
    settings = make_settings(real_kafka, await real_kafka.topic(1), NO_MODEL)
    ended = await run(tmp_path, variables(settings), "lineage", "bump")
    assert (ended.status, "--yes" in ended.err) == (2, True)
    assert (await show(settings, tmp_path)).report["recorded"] is None


async def show(settings: Settings, folder: Path) -> Ended:
    return await run(folder, variables(settings), "lineage", "show", "--json")


async def started(settings: Settings) -> None:
    async with worker(settings, ScriptedModel()):
        raise AssertionError("the worker started")


async def counted(settings: Settings, count: int, lineage: int | None = None) -> None:
    """Wait until each shopper's intent is made of so many events, in that lineage if one is given."""

    async def there() -> bool:
        intents = await reader.get_many([f"shopper-{who}" for who in range(SHOPPERS)], fields="doc")
        counts = {intent.doc["window"]["events"] if intent.doc else 0 for intent in intents}
        lineages = {intent.position.split(":")[0] for intent in intents if intent.position}
        return counts == {count} and (lineage is None or lineages == {str(lineage)})

    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader:
        await until(there)


async def widened_while_running(kafka: Kafka, settings: Settings, then: Sequence[ShopperEvent]) -> None:
    """Add partitions under a worker and send on; the worker's end is raised when all is sent."""

    async def work() -> None:
        async with worker(settings, ScriptedModel()):
            await asyncio.sleep(60)

    working = asyncio.create_task(work())
    await counted(settings, EACH, 0)
    await asyncio.to_thread(add_partitions, kafka, settings.kafka.topic, 5)
    await send(kafka, settings.kafka.topic, 5, then)
    await working


async def settled(settings: Settings) -> None:
    """Give a worker the time in which it would stop."""
    await asyncio.sleep(2 * settings.commit.lag_s)


async def works_off(settings: Settings, count: int) -> bool:
    """Whether a worker gets so far; False when it stops and asks for a bump."""
    done = True
    try:
        async with worker(settings, ScriptedModel()):
            await counted(settings, count)
    except* LineageMismatch:
        done = False
    return done


async def until_committed(kafka: Kafka, settings: Settings, offset: int | None) -> None:
    async def there() -> bool:
        return await kafka.committed(settings.kafka.group, settings.kafka.topic) == offset

    await until(there)


@asynccontextmanager
async def recreated_under_a_worker(kafka: Kafka, settings: Settings) -> AsyncIterator[None]:
    """A worker that has not noticed yet that its topic is another one."""
    other = settings.model_copy(update={"redis": replace(settings.redis, namespace=f"{settings.redis.namespace}-b")})
    await asyncio.to_thread(recreate, kafka, settings.kafka.topic, 1)
    async with worker(other, ScriptedModel()):
        await kafka.produce(settings.kafka.topic, [encode(events(1, 1)[0])], keys=[b"shopper-0"])
        await until_committed(kafka, settings, 1)
        yield


def turns(number: int) -> Sequence[list[ShopperEvent]]:
    """So many times `EACH` events of every shopper, one after the other."""
    everything = events(SHOPPERS, number * EACH, time.time_ns() // 1_000_000)
    size = SHOPPERS * EACH
    return [everything[first : first + size] for first in range(0, len(everything), size)]


async def send(kafka: Kafka, topic: str, partitions: int, what: Sequence[ShopperEvent]) -> None:
    """Send events where a producer would that knows of so many partitions."""
    place = DefaultPartitioner()
    for partition in range(partitions):
        some = [event for event in what if place(event.shopper_id.encode(), list(range(partitions)), []) == partition]
        keys = [event.shopper_id.encode() for event in some]
        await kafka.produce(topic, map(encode, some), partition=partition, keys=keys)


def add_partitions(kafka: Kafka, topic: str, number: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_partitions([NewPartitions(topic, number)])[topic].result(30)
    while (
        sum(each.leader >= 0 for each in admin.list_topics(topic, timeout=10).topics[topic].partitions.values())
        < number
    ):
        time.sleep(0.1)


def recreate(kafka: Kafka, topic: str, partitions: int) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([topic], operation_timeout=30)[topic].result(30)
    while topic in admin.list_topics(timeout=10).topics:
        time.sleep(0.1)
    admin.create_topics([NewTopic(topic, partitions, 1)], operation_timeout=30)[topic].result(30)
    while topic not in (known := admin.list_topics(timeout=10).topics) or known[topic].error is not None:
        time.sleep(0.1)  # created, it is not known to whoever asks at once


def variables(settings: Settings) -> dict[str, object]:
    kafka, redis = settings.kafka, settings.redis
    return {
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
        "KAFKA__TOPIC": kafka.topic,
        "KAFKA__GROUP": kafka.group,
        "KAFKA__DEAD_LETTER_TOPIC": kafka.dead_letter_topic,
        "REDIS__URL": redis.url,
        "REDIS__NAMESPACE": redis.namespace,
    }
