"""penchant dead-letters, as a process: what it shows, and what goes back, once."""

import asyncio
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from penchant.operations.dead_letters import redrive as redriving
from penchant.operations.dead_letters.judge import RedrivePlan
from penchant.operations.dead_letters.listing import Listing
from penchant.operations.dead_letters.topic import look
from penchant.settings.kafka import Kafka as KafkaSettings
from sandbox.servers.kafka import MockKafka
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import ShopperEvent
from streams.kafka.options import Isolation, KafkaOptions
from streams.kafka.reader import TopicReader
from streams.records.dead_letters import DeadLetter
from streams.records.erasures import Erasure
from tests.kafka import Kafka
from tests.penchant.commands import Command, run
from tests.penchant.operations.dead_letters.letters import send

pytestmark = pytest.mark.kafka

NOW_MS, DAY_MS = int(time.time() * 1e3), 86_400_000


@pytest.mark.slow
async def test_letters_are_listed_by_reason_and_shown_masked(mock_kafka: MockKafka, tmp_path: Path) -> None:
    """Counts, first, last and an example of each reason, without a word of what stands in them; --raw shows one."""
    dead = f"dead-{uuid4().hex[:8]}"
    await mock_kafka.create_topic(dead, 1)
    bad = [letter("t", number, b"Ada Lovelace, 7", "json") for number in range(3)]
    await send(mock_kafka.address, dead, [*bad, letter("t", 9, b'{"shopper_id":"ada"}', "schema", path="action")])
    variables = {"KAFKA__BOOTSTRAP": mock_kafka.address, "KAFKA__DEAD_LETTER_TOPIC": dead}

    listed, table, masked, raw, absent, wrong = await asyncio.gather(
        run(tmp_path, variables, "dead-letters", "list", "--json"),
        run(tmp_path, variables, "dead-letters", "list"),
        run(tmp_path, variables, "dead-letters", "show", "0-1", "--json"),
        run(tmp_path, variables, "dead-letters", "show", "0-1", "--raw", "--json"),
        run(tmp_path, variables, "dead-letters", "show", "0-77"),
        run(tmp_path, variables, "dead-letters", "show", "here"),
    )

    assert listed.status == 0, listed.err
    json, schema = listed.report["reasons"]
    assert (json["reason"], json["letters"], json["waiting"], json["first"], json["last"]) == (
        "json",
        3,
        3,
        "0-0",
        "0-2",
    )
    assert json["example"]["value"] == "xxx xxxxxxxx, 9"
    assert (schema["reason"], schema["example"]["path"]) == ("schema", "action")
    assert "schema" in table.out
    assert "Lovelace" not in table.out
    assert masked.report["value"] == "xxx xxxxxxxx, 9"
    assert masked.report["key"] == "xxxxxxx-9"
    assert (raw.report["value"], raw.report["key"]) == ("Ada Lovelace, 7", "shopper-1")
    assert (absent.status, "no letter stands at 0-77" in absent.err) == (1, True)
    assert wrong.status == 2


async def test_what_is_good_now_goes_back_once(real_kafka: Kafka, tmp_path: Path) -> None:
    """With its key, headers and timestamp. What is still bad stays and is counted, as is what is of a shopper who was
    erased since. A second run takes what is left, and no group has anything committed."""
    kafka = real_kafka
    events, dead = await kafka.topic(3, retention_ms=-1), await kafka.topic(2)
    good = [letter(events, number, event(number), "schema", own=(("trace", b"t%d" % number),)) for number in range(700)]
    others = [letter("elsewhere", 1, event(1), "schema"), letter(events, 701, event(701), "key")]
    gone = letter(events, 41, event(41).replace(b"shopper-1", b"gone"), "schema")
    twice = good[:30]  # refused again by a worker that crashed
    letters = [letter(events, 800, b"no json", "schema"), *good, *others, *twice, replace(gone, key=b"gone")]
    await send(kafka.bootstrap, dead, letters)
    variables = settings(kafka, events, dead) | {"KAFKA__ERASURE_TOPIC": await kafka.topic(1)}
    erasure = Erasure("gone", 1_800_000_000_000, 0, (0, 0, 0))
    await kafka.produce(str(variables["KAFKA__ERASURE_TOPIC"]), [erasure.dump()], keys=[b"gone"])

    ours = KafkaSettings(**_ours(variables))
    of_schema, of_any = (RedrivePlan(events, dialect("native", keyed=True), reason) for reason in ("schema", None))

    rehearsed = await redriving.rehearse(ours, of_schema, silent)
    assert await records(kafka, events) == []
    first = await run(tmp_path, variables, "dead-letters", "redrive", "--reason", "schema", "--json")
    again = await redriving.redrive(ours, of_any, silent)

    expected = {
        "letters": 734,
        "redriven": 700,
        "already": 30,
        "passed": 2,
        "erased": 1,
        "expired": 0,
        "gone": 0,
        "still_bad": {"json": 1},
        "retention_known": True,
    }
    assert asdict(rehearsed) == expected
    assert (first.status, first.report) == (0, expected | {"dry_run": False})
    assert (again.redriven, again.already, again.passed, again.still_bad) == (1, 730, 1, {"json": 1})
    back = await there(kafka, events, 701)
    assert sorted((record.key, record.value, record.timestamp) for record in back) == sorted(
        (each.key, each.value, each.timestamp_ms) for each in [*good, others[1]]
    )
    assert {record.headers for record in back if record.headers} == {each.own_headers for each in good}
    assert await waiting(ours) == {"schema": (733, 3), "key": (1, 0)}
    assert await kafka.committed(ours.group, dead) is None


async def test_a_shortened_letter_goes_back_whole(real_kafka: Kafka) -> None:
    """As its record still stands in the topic. Where that is another record by now, or none, the letter is counted as
    gone, and waits."""
    events, dead = await real_kafka.topic(1, retention_ms=-1), await real_kafka.topic(1)
    await real_kafka.produce(events, [event(1), event(2)], keys=[b"shopper-1", b"shopper-2"])
    whole, other, gone = (letter(events, number, event(number + 1), "schema") for number in range(3))
    letters = [whole, replace(other, value=event(7)), gone]
    await send(real_kafka.bootstrap, dead, [each.shortened(400) for each in letters])
    ours = KafkaSettings(**_ours(settings(real_kafka, events, dead)))
    plan = RedrivePlan(events, dialect("native", keyed=True))

    rehearsed = await redriving.rehearse(ours, plan, silent)
    done = await redriving.redrive(ours, plan, silent)

    assert (rehearsed.redriven, rehearsed.gone) == (done.redriven, done.gone) == (1, 2)
    back = (await there(real_kafka, events, 3))[-1]
    assert (back.key, back.value) == (b"shopper-1", event(1))
    assert await waiting(ours) == {"schema": (3, 2)}


async def test_a_letter_older_than_its_topic_keeps_stays(real_kafka: Kafka) -> None:
    """The broker would delete its record when it next looks, read or not. One without a time of its own gets that of
    its way back."""
    events, dead = await real_kafka.topic(1, retention_ms=7 * DAY_MS), await real_kafka.topic(1)
    times_ms = {1: NOW_MS - 8 * DAY_MS, 2: NOW_MS - 6 * DAY_MS, 3: None}
    old, recent, timeless = (
        replace(letter(events, number, event(number), "schema"), timestamp_ms=time_ms)
        for number, time_ms in times_ms.items()
    )
    await send(real_kafka.bootstrap, dead, [old, recent, timeless])
    ours = KafkaSettings(**_ours(settings(real_kafka, events, dead)))
    plan = RedrivePlan(events, dialect("native", keyed=True))

    rehearsed = await redriving.rehearse(ours, plan, silent)
    done = await redriving.redrive(ours, plan, silent)

    assert (rehearsed.redriven, rehearsed.expired) == (done.redriven, done.expired) == (2, 1)
    assert "1 are older than the topic keeps or takes (retention.ms" in done.words(dry_run=False)
    back = await there(real_kafka, events, 2)
    assert {record.value for record in back} == {event(2), event(3)}
    assert await waiting(ours) == {"schema": (3, 1)}


@pytest.mark.slow
async def test_a_redrive_that_is_killed_is_gone_on_with(real_kafka: Kafka, tmp_path: Path) -> None:
    """After `kill -9` in the midst of it every letter stands in the topic once, for whoever reads what is committed."""
    kafka, count = real_kafka, 8_000
    events, dead = await kafka.topic(3, retention_ms=-1), await kafka.topic(2)
    await send(kafka.bootstrap, dead, [letter(events, number, event(number), "schema") for number in range(count)])
    variables = settings(kafka, events, dead)
    async with Command(tmp_path, variables, "dead-letters", "redrive") as killed:
        async with asyncio.timeout(60):
            while not await records(kafka, events):  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)
        killed.send(signal.SIGKILL)
        assert (await killed.ended()).status == -signal.SIGKILL

    ended = await run(tmp_path, variables, "dead-letters", "redrive", "--json")

    assert ended.status == 0, ended.err
    assert ended.report["already"] + ended.report["redriven"] == count
    assert ended.report["already"] >= 500
    back = [orjson.loads(record.value)["event_id"] for record in await there(kafka, events, count)]
    assert sorted(back) == sorted(f"e{number}" for number in range(count))


async def waiting(kafka: KafkaSettings) -> Mapping[str, tuple[int, int]]:
    """Letters, and those that wait, by reason."""
    listing = Listing()
    async with TopicReader(kafka.options.committed()) as reader:
        dead_letter_topic = await look(reader, kafka.dead_letter_topic, silent)
        async for _, found in dead_letter_topic.stored_letters():
            listing.add(found)
    return {kind.reason: (kind.letters, kind.waiting) for kind in listing.kinds}


def silent(_: int) -> None:
    """Nobody looks at the progress."""


def _ours(variables: Mapping[str, object]) -> dict[str, Any]:
    return {name.removeprefix("KAFKA__").lower(): each for name, each in variables.items()}


def settings(kafka: Kafka, events: str, dead: str) -> dict[str, object]:
    return {
        "KAFKA__BOOTSTRAP": kafka.bootstrap,
        "KAFKA__GROUP": uuid4().hex[:12],
        "KAFKA__TOPIC": events,
        "KAFKA__DEAD_LETTER_TOPIC": dead,
    }


def event(number: int) -> bytes:
    return encode(ShopperEvent(f"e{number}", f"shopper-{number % 40}", "view", 1_700_000_000_000 + number))


def letter(
    topic: str, number: int, value: bytes, reason: str, path: str = "", own: Sequence[tuple[str, bytes]] = ()
) -> DeadLetter:
    key = f"shopper-{number % 40}".encode()
    at_ms = 1_700_000_000_000 + number
    return DeadLetter(topic, 0, number, key, value, reason, path, "", at_ms, tuple(own))


async def there(kafka: Kafka, topic: str, count: int) -> list[Any]:
    """What is committed, once so much is: a commit shows in all partitions a little later."""
    found: list[Any] = []
    try:
        async with asyncio.timeout(120):
            while len(found := await records(kafka, topic)) < count:  # noqa: ASYNC110 - the broker writes
                await asyncio.sleep(0.05)
    except TimeoutError:
        everything = await records(kafka, topic, "read_uncommitted")
        pytest.fail(f"{len(found)} of {count} records are committed, of {len(everything)} that stand in {topic}")
    return found


async def records(kafka: Kafka, topic: str, isolation: Isolation = "read_committed") -> list[Any]:
    """What is committed in a topic, or all that stands in it."""
    found: list[Any] = []
    async with TopicReader(KafkaOptions(kafka.bootstrap, isolation=isolation)) as reader:
        log = await reader.log(topic)
        async for _, some in reader.scan(log, dict.fromkeys(range(log.partitions), 0)):
            found += some
    return found
