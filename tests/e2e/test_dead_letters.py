"""Dead letters of a running worker: no record is so large or so strange that it holds up the others."""

import asyncio
from hashlib import sha256

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from penchant.operations.dead_letters import redrive
from penchant.operations.dead_letters.judge import RedrivePlan
from penchant.operations.doctor.findings import WARNING
from penchant.operations.doctor.kafka import examine_dead_letters
from penchant.worker.app import worker
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.kafka.topics import create_topic
from streams.records.dead_letters import DeadLetter
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka
from tests.reading import read_all
from tests.until import until

ANSWER = '{"m":"gift","t":"Something for somebody","c":[[1,9]],"k":9,"e":[1]}'
NOBODY = "127.0.0.1:1"
LARGE = b"{" + b"x" * 3_000_000
NEAR_THE_LIMIT = b"{" + b"x" * 1_048_400

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.mark.parametrize("value", [LARGE, NEAR_THE_LIMIT])
async def test_a_record_too_large_for_the_dead_letter_topic_is_shortened(
    real_kafka: Kafka, make_settings: MakeSettings, value: bytes
) -> None:
    """The events around it are worked off and committed; the letter says how large it was and where it stands, and a
    redrive judges the whole record again. Once that has gone, the redrive says so."""
    topic = await real_kafka.topic(1, max_message_bytes=5_000_000)
    settings = make_settings(real_kafka, topic, NOBODY)
    before, after = events(2, 1)
    await asyncio.to_thread(produced, real_kafka, topic, [(before.shopper_id, encode(before)), ("x", value)])
    await real_kafka.produce(topic, [encode(after)], keys=[after.shopper_id.encode()])
    async with worker(settings, ScriptedModel(ANSWER)) as running:
        await until(lambda: running.meter.intents == 2, 60)
        async with asyncio.timeout(60):
            while await real_kafka.committed(settings.kafka.group, topic) != 3:  # noqa: ASYNC110 - Kafka's
                await asyncio.sleep(0.1)
        assert (running.meter.dead_letters, running.meter.dead_letters_lost) == (1, 0)
    [record] = await read_all(real_kafka.bootstrap, settings.kafka.dead_letter_topic)
    letter = DeadLetter.read(record)
    assert letter is not None
    assert (letter.topic, letter.partition, letter.offset, letter.key) == (topic, 0, 1, b"x")
    assert (letter.original_bytes, letter.digest) == (len(value), sha256(value).hexdigest())
    plan = RedrivePlan(topic, dialect("native", keyed=True))
    rehearsed = await redrive.rehearse(settings.kafka, plan, lambda _: None)
    assert (rehearsed.letters, rehearsed.still_bad, rehearsed.gone) == (1, {"too_large": 1}, 0)


@pytest.mark.slow
async def test_letters_wait_for_a_topic_that_is_not_there(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """Nobody may make it, or somebody has deleted it: events around the refused record are worked off, nothing is
    committed past it and nothing lost, health and doctor name it; once it is there, all goes on without a restart."""
    topic = await real_kafka.topic(1)
    settings = make_settings(real_kafka, topic, NOBODY)
    dead, group = settings.kafka.dead_letter_topic, settings.kafka.group
    before, after = events(2, 1)
    async with worker(settings, ScriptedModel(ANSWER)) as running:
        admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
        await asyncio.to_thread(admin.delete_topics([dead])[dead].result, 30)
        keys = [before.shopper_id.encode(), b"x", after.shopper_id.encode()]
        await real_kafka.produce(topic, [encode(before), b"{", encode(after)], keys=keys)
        await until(lambda: running.meter.intents == 2, 60)
        health = running.instruments.health
        await until(
            lambda: health.vitals is not None and "make the topic" in health.vitals.away.get("dead_letters", ""), 90
        )
        [finding] = await examine_dead_letters(settings)
        assert (finding.severity, finding.subject) == (WARNING, f"topic {dead}")
        assert (running.meter.dead_letters, running.meter.dead_letters_lost) == (0, 0)
        assert await real_kafka.committed(group, topic) in (None, 0, 1)
        await create_topic(settings.kafka.options, dead, 1)
        await until(lambda: running.meter.dead_letters == 1, 90)
        async with asyncio.timeout(60):
            while await real_kafka.committed(group, topic) != 3:  # noqa: ASYNC110 - Kafka's
                await asyncio.sleep(0.1)
    [record] = await read_all(real_kafka.bootstrap, dead)
    letter = DeadLetter.read(record)
    assert letter is not None
    assert letter.offset == 1


def produced(kafka: Kafka, topic: str, records: list[tuple[str, bytes]]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "message.max.bytes": 5_000_000})
    for key, value in records:
        producer.produce(topic, value, key, 0)
    assert producer.flush(30) == 0
