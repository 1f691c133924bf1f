"""Other people's Kafka clients write events with each codec; what they write is read, and ours is read by them."""

import json
from pathlib import Path

import pytest

from sandbox.servers.apache import resolve_classpath
from streams.events.decoding import Decoder
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from tests.debian import debian_environment, debian_program
from tests.kafka import Kafka
from tests.peers.outputs import output

PROGRAM = Path(__file__).with_name("programs") / "Produce.java"
KCAT = ("kcat", "librdkafka1", "libyajl2")
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SHOPPER = "s-1"
LINES = [
    json.dumps(
        {"event_id": f"e-{number}", "shopper_id": SHOPPER, "action": "view", "time_ms": 1_700_000_000_000 + number}
    )
    for number in range(200)
]


async def read_back(kafka: Kafka, topic: str) -> list[bytes | None]:
    """The values of a topic, by the commands' reader; every one is an event of the shopper that its key names."""
    async with TopicReader(KafkaOptions(kafka.bootstrap)) as reader:
        log = await reader.log(topic)
        records = [record async for _, some in reader.scan(log, {0: 0}) for record in some]
    decoded = Decoder().decode(records)
    assert decoded.refused == []
    assert {event.shopper_id for _, _, event in decoded.events} == {SHOPPER}
    assert {record.key for record in records} == {SHOPPER.encode()}
    return [record.value for record in records]


@pytest.mark.parametrize("codec", CODECS)
async def test_java(real_kafka: Kafka, codec: str) -> None:
    """Kafka's own client."""
    topic = await real_kafka.topic()
    arguments = (real_kafka.bootstrap, topic, codec, SHOPPER)
    await output("java", "-cp", resolve_classpath(), str(PROGRAM), *arguments, given="\n".join(LINES).encode())
    assert await read_back(real_kafka, topic) == [line.encode() for line in LINES]


@pytest.mark.parametrize("codec", CODECS)
async def test_kcat(real_kafka: Kafka, codec: str) -> None:
    """kcat, which is librdkafka's."""
    kcat, topic = debian_program("kcat", KCAT), await real_kafka.topic()
    options = ("-P", "-b", real_kafka.bootstrap, "-t", topic, "-p", "0", "-k", SHOPPER, "-z", codec)
    environment = debian_environment("kcat")
    await output(str(kcat), *options, given="\n".join(LINES).encode(), env=environment)
    assert await read_back(real_kafka, topic) == [line.encode() for line in LINES]


async def test_kcat_reads_ours(real_kafka: Kafka) -> None:
    """Values and keys as they were sent."""
    kcat, topic = debian_program("kcat", KCAT), await real_kafka.topic()
    await real_kafka.produce(topic, [b"one", b"two"], keys=[b"a", b"b"])
    options = ("-C", "-b", real_kafka.bootstrap, "-t", topic, "-e", "-q", "-f", "%k=%s;")
    assert await output(str(kcat), *options, env=debian_environment("kcat")) == b"a=one;b=two;"
