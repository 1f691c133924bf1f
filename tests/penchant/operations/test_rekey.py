"""penchant rekey, as a process, on a real Kafka: exact keys, kept order, nothing lost."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from aiokafka.partitioner import DefaultPartitioner

from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from tests.kafka import Kafka
from tests.penchant.commands import Command, run

pytestmark = pytest.mark.kafka

TARGET_PARTITIONS = 5
BEGAN_MS = 1_714_550_000_000
SHOPPERS = 40


@pytest.mark.slow
async def test_two_topics_become_one_that_is_keyed_by_shopper(kafka: Kafka, tmp_path: Path) -> None:
    """Each event under exactly its shopper, where Kafka's own partitioner puts it, and in the order of its source
    partition. Bad records go to the dead letters. It ends when all is done, and a second run has nothing to do."""
    clicks, shop = await kafka.topic(3), await kafka.topic(2)
    target, dead = await kafka.topic(TARGET_PARTITIONS), await kafka.topic(1)
    for partition in range(3):
        values = [encode(event(f"c{partition}", number)) for number in range(300)]
        await kafka.produce(clicks, values, partition=partition, keys=[b"order-7"] * 300)
    await kafka.produce(clicks, [b"not json", b"{}"], partition=1, keys=[b"a", b"b"])
    for partition in range(2):
        await kafka.produce(shop, [row(partition, number) for number in range(200)], partition=partition)
    variables = settings(kafka, dead)
    command = ["rekey", "--from", clicks, "--from", shop, "--dialect", f"{shop}=rees46", "--to", target, "--until-end"]

    ended = await run(tmp_path, variables, *command, "--json")

    assert ended.status == 0, ended.err
    assert {name: ended.report[name] for name in ("read", "written", "refused")} == {
        "read": 1302,
        "written": 1300,
        "refused": 2,
    }
    found = await records(kafka, target)
    place = DefaultPartitioner()
    for partition, some in found.items():
        for record in some:
            assert record.key == orjson.loads(record.value)["shopper_id"].encode()
            assert place(record.key, list(range(TARGET_PARTITIONS)), []) == partition
    assert_in_order(found.values(), {f"c{partition}": 300 for partition in range(3)})
    times: dict[str, list[int]] = defaultdict(list)
    for document in documents(found.values()):
        if document["action"] == "cart_add":
            times[document["shopper_id"]].append(document["time_ms"])
    assert sum(map(len, times.values())) == 400
    assert all(some == sorted(some) for some in times.values())
    [letters] = (await records(kafka, dead)).values()
    assert [record.value for record in letters] == [b"not json", b"{}"]
    assert dict(letters[0].headers)["penchant-topic"] == clicks.encode()

    again = await run(tmp_path, variables, *command, "--json")
    assert (again.status, again.report["read"]) == (0, 0)


@pytest.mark.slow
async def test_topics_of_other_dialects_become_native_ones(kafka: Kafka, tmp_path: Path) -> None:
    """One topic in a dialect that is told, one in several that are found out; what is ignored is counted."""
    web, app = await kafka.topic(1), await kafka.topic(1)
    target, dead = await kafka.topic(TARGET_PARTITIONS), await kafka.topic(1)
    call = {"event": "Product Viewed", "messageId": "m1", "userId": "u1", "properties": {"product_id": "p1"}}
    request = {"client_id": "1.2", "timestamp_micros": BEGAN_MS * 1_000, "events": [
        {"name": "search", "params": {"search_term": "write ada@shop.example"}}, {"name": "login"},
        {"name": "view_item", "params": {"items": [{"item_id": "p1"}]}},
    ]}  # fmt: skip
    wrapped = {"specversion": "1.0", "type": "t", "source": "s", "id": "1", "data": call | {"messageId": "m2"}}
    await kafka.produce(web, [orjson.dumps(call), orjson.dumps({"type": "page", "userId": "u1"}), b"[]"])
    await kafka.produce(app, [orjson.dumps(request), orjson.dumps(wrapped), row(0, 1)])
    dialects = ["--dialect", f"{web}=segment", "--dialect", f"{app}=auto"]
    sources = ["--from", web, "--from", app, *dialects]

    ended = await run(tmp_path, settings(kafka, dead), "rekey", *sources, "--to", target, "--until-end", "--json")

    assert ended.status == 0, ended.err
    assert [ended.report[name] for name in ("read", "written", "ignored", "refused")] == [6, 5, 2, 1]
    found = documents((await records(kafka, target)).values())
    assert sorted((each["shopper_id"], each["action"]) for each in found) == [
        ("1.2", "search"), ("1.2", "view"), ("2", "cart_add"), ("u1", "view"), ("u1", "view"),
    ]  # fmt: skip
    assert [each["query"] for each in found if each["action"] == "search"] == ["write [email]"]


@pytest.mark.slow
async def test_a_kill_loses_nothing(real_kafka: Kafka, tmp_path: Path) -> None:
    """After `kill -9` in the midst of it the next run goes on: some events come twice, each first in its order."""
    kafka, each = real_kafka, 20_000
    source, target, dead = await kafka.topic(2), await kafka.topic(TARGET_PARTITIONS), await kafka.topic(1)
    for partition in range(2):
        values = [encode(event(f"k{partition}", number)) for number in range(each)]
        await kafka.produce(source, values, partition=partition)
    variables = settings(kafka, dead) | {"KAFKA__MAX_POLL_RECORDS": 100}
    command = ["rekey", "--from", source, "--to", target]
    for enough in (2_000, 12_000):
        async with Command(tmp_path, variables, *command) as killed:
            await until_written(kafka, target, enough)
            killed.send(signal.SIGKILL)
            assert (await killed.ended()).status == -signal.SIGKILL
    assert await written(kafka, target) < 2 * each

    ended = await run(tmp_path, variables, *command, "--until-end", "--json")

    assert ended.status == 0, ended.err
    found = await records(kafka, target)
    assert_in_order(found.values(), {f"k{partition}": each for partition in range(2)})
    assert all(len({partition for partition, some in found.items() for record in some if record.key == key}) == 1
               for key in {record.key for some in found.values() for record in some})  # fmt: skip


@pytest.mark.slow
async def test_it_runs_on_until_it_is_told_to_stop(kafka: Kafka, tmp_path: Path) -> None:
    """New records are written as they come; SIGTERM ends it in order, with everything committed."""
    source, target, dead = await kafka.topic(1), await kafka.topic(TARGET_PARTITIONS), await kafka.topic(1)
    variables = settings(kafka, dead)
    async with Command(tmp_path, variables, "rekey", "--from", source, "--to", target, "--json") as command:
        for count in (10, 25):
            await kafka.produce(source, [encode(event("r", number)) for number in range(count)])
            await until_written(kafka, target, count)
        command.send(signal.SIGTERM)
        ended = await command.ended()
    assert ended.status == 0, ended.err
    assert ended.report["written"] == 35
    assert await kafka.committed(f"{variables['KAFKA__GROUP']}-rekey", source) == 35


@pytest.mark.slow
async def test_the_target_is_made_when_asked(real_kafka: Kafka, tmp_path: Path) -> None:
    """Without that, a missing one is told with the option that makes it. One that keeps less than its source is told
    too: records keep their timestamps."""
    kafka = real_kafka
    source, dead = await kafka.topic(1, retention_ms=-1), await kafka.topic(1)
    target = f"keyed-{uuid4().hex[:12]}"
    command = ["rekey", "--from", source, "--to", target, "--until-end"]
    refused = await run(tmp_path, settings(kafka, dead), *command)
    assert refused.status == 1
    assert f"has no topic {target}" in refused.err
    assert "--create-topic" in refused.err
    await kafka.produce(source, [encode(event("m", number)) for number in range(10)])
    made = await run(tmp_path, settings(kafka, dead), *command, "--create-topic", "--partitions", "3")
    assert made.status == 0, made.err
    assert "rekey.target_keeps_less" in made.err
    longer = await kafka.topic(1, retention_ms=-1)
    kept = await run(tmp_path, settings(kafka, dead), *command[:3], "--to", longer, "--until-end")
    assert (kept.status, "rekey.target_keeps_less" in kept.err) == (0, False)
    async with reader(kafka) as reading:
        log = await reading.log(target)
    assert (log.partitions, sum(log.ends)) == (3, 10)


@pytest.mark.slow
async def test_too_many_refusals_stop_it(kafka: Kafka, tmp_path: Path) -> None:
    """A source in another dialect than was told is not drained."""
    source, target, dead = await kafka.topic(1), await kafka.topic(TARGET_PARTITIONS), await kafka.topic(1)
    await kafka.produce(source, [row(0, number) for number in range(500)])
    variables = settings(kafka, dead)
    ended = await run(tmp_path, variables, "rekey", "--from", source, "--to", target, "--until-end")
    assert ended.status == 1
    assert "were refused" in ended.err
    assert await kafka.committed(f"{variables['KAFKA__GROUP']}-rekey", source) is None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--from", "a", "--to", "a"], "it is read too"),
        (["--from", "a", "--to", "b", "--dialect", "c=rees46"], "a topic of --from"),
        (["--from", "a", "--to", "b", "--dialect", "a=latin"], "native, otto, rees46"),
    ],
)
async def test_a_wrong_call_says_so(tmp_path: Path, options: list[str], told: str) -> None:
    """With exit status 2, before anything is connected."""
    ended = await run(tmp_path, {}, "rekey", *options)
    assert ended.status == 2
    assert told in " ".join(ended.err.replace("│", " ").split())


def settings(kafka: Kafka, dead: str) -> dict[str, object]:
    return {
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
        "KAFKA__GROUP": uuid4().hex[:12],
        "KAFKA__DEAD_LETTER_TOPIC": dead,
        "KAFKA__COMMIT_INTERVAL_S": 0.3,
        "KAFKA__SESSION_TIMEOUT_S": 6,
        "DEAD_LETTERS__WINDOW_S": 1,
    }


def event(source: str, number: int) -> ShopperEvent:
    shopper = f"shopper-{number % SHOPPERS}"
    return ShopperEvent(event_id=f"{source}.{number}", shopper_id=shopper, action="view", time_ms=BEGAN_MS + number)


def row(partition: int, number: int) -> bytes:
    """A row of REES46; the second partition has shoppers of its own."""
    user = 1_000 * partition + number % 7 + 1
    at = f"2019-10-01 00:{number // 60:02}:{number % 60:02} UTC"
    return f"{at},cart,{number},2103807459595387724,electronics.phone,acme,35.79,{user},72d76fde".encode()


def assert_in_order(found: Iterable[Sequence[Any]], sources: Mapping[str, int]) -> None:
    """All numbers of each source partition are there, and within each target partition each came first in its order."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for some in found:
        last: dict[str, int] = defaultdict(lambda: -1)
        for document in documents([some]):
            source, _, number = document["event_id"].partition(".")
            if source in sources and int(number) not in numbers[source]:
                assert int(number) > last[source]
                last[source] = int(number)
                numbers[source].add(int(number))
    assert numbers == {source: set(range(count)) for source, count in sources.items()}


def documents(found: Iterable[Sequence[Any]]) -> list[Any]:
    return [orjson.loads(record.value) for some in found for record in some]


async def written(kafka: Kafka, topic: str) -> int:
    async with reader(kafka) as reading:
        return sum((await reading.log(topic)).ends)


async def records(kafka: Kafka, topic: str) -> Mapping[int, Sequence[Any]]:
    """All records of a topic by partition."""
    async with reader(kafka) as reading:
        log = await reading.log(topic)
        found = await reading.newest(log, (), sum(log.ends) * log.partitions)
    assert sum(map(len, found.values())) == sum(log.ends)
    return found


def reader(kafka: Kafka) -> TopicReader:
    return TopicReader(KafkaOptions(kafka.bootstrap))


async def until_written(kafka: Kafka, topic: str, count: int) -> None:
    async with asyncio.timeout(60):
        while await written(kafka, topic) < count:  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.05)
