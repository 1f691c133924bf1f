"""Codecs: what producers compress with is read, by worker and commands; what cannot be read stops with its remedy."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from aiokafka.errors import UnsupportedCodecError
from confluent_kafka import Producer

from streams.errors import ContractMismatch
from streams.kafka.batches import TP
from streams.kafka.errors import kafka_errors
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from tests.fakes.ledger import FakeLedger
from tests.kafka import Kafka
from tests.streams.kafka.test_transport import reading
from tests.until import until

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
WITHOUT_CRAMJAM = """
import asyncio, sys
sys.modules["cramjam"] = None
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
async def main():
    async with TopicReader(KafkaOptions(sys.argv[1])) as reader:
        log = await reader.log(sys.argv[2])
        print([records async for _, records in reader.scan(log, {0: 0})])
asyncio.run(main())
"""


@pytest.mark.kafka
@pytest.mark.parametrize("codec", CODECS)
async def test_every_codec_is_read(real_kafka: Kafka, tmp_path: Path, codec: str) -> None:
    """By the worker's transport and by the commands' reader, in batches that are worth compressing."""
    topic = await real_kafka.topic()
    values = [b"%d and much of the same" % number for number in range(500)]
    await asyncio.to_thread(compressed, real_kafka, topic, values, codec)
    async with TopicReader(KafkaOptions(real_kafka.bootstrap)) as reader:
        log = await reader.log(topic)
        assert [record.value async for _, some in reader.scan(log, {0: 0}) for record in some] == values
    ledger = FakeLedger()
    async with reading(real_kafka.bootstrap, topic, ledger, tmp_path):
        await until(lambda: len(ledger.offsets(TP(topic, 0))) == len(values))
    assert [record.value for batch in ledger.batches for record in batch.records] == values


@pytest.mark.kafka
async def test_a_codec_that_cannot_be_read_stops_with_its_remedy(real_kafka: Kafka) -> None:
    """Here that of an installation without cramjam; it is not taken for a Kafka that is away."""
    topic = await real_kafka.topic()
    await asyncio.to_thread(compressed, real_kafka, topic, [b"some"] * 50, "lz4")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITHOUT_CRAMJAM, real_kafka.bootstrap, topic,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    assert process.returncode == 1
    assert "ContractMismatch" in said.decode()
    assert f"records of {topic} are compressed" in said.decode()
    assert "pip install cramjam" in said.decode()


def test_an_unknown_codec_is_no_outage() -> None:
    """Trying again would read the same bytes."""
    with pytest.raises(ContractMismatch, match="codec"), kafka_errors(KafkaOptions("here:9092"), "events"):
        raise UnsupportedCodecError("zip")


def compressed(kafka: Kafka, topic: str, values: list[bytes], codec: str) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 50, "compression.type": codec})
    for value in values:
        producer.produce(topic, value, partition=0)
    assert producer.flush(30) == 0
