"""Header names: what is no UTF-8 refuses one record, and does not end the fetch."""

import asyncio
import os
import sys
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from streams.events.dialects import DIALECTS, DialectName, dialect
from streams.kafka.header_names import accept_any_name, as_fetched, consumer_record, marked
from streams.kafka.options import KafkaOptions
from streams.kafka.reader import TopicReader
from tests.kafka import Kafka

NOW_MS = 1_700_000_000_000
TP = TopicPartition("shop", 0)


class _Bytes(str):
    """A name that is sent as these bytes."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe\x00"


def _event(number: int) -> bytes:
    return orjson.dumps({"event_id": f"e{number}", "shopper_id": "ada", "action": "view", "time_ms": NOW_MS})


def _batch(codec: int, first: int, *names: str) -> bytes:
    """A record for each name, which is that of its header."""
    builder = _DefaultRecordBatchBuilderPy(2, codec, False, -1, -1, 0, 1 << 20)  # noqa: FBT003 - aiokafka's own way
    for offset, name in enumerate(names):
        headers = [("trace", b"t"), (name, b"v"), ("none", None)]
        assert builder.append(offset, NOW_MS + offset, b"ada", _event(first + offset), headers) is not None
    raw = bytearray(builder.build())
    raw[:8] = first.to_bytes(8, "big")
    return bytes(raw)


def _fetched(raw: bytes, at: int = 0) -> list[Any]:
    accept_any_name()
    records: Any = fetcher.MemoryRecords(raw)
    return list(fetcher.PartitionRecords(TP, records, None, at, None, None, True, 0))  # noqa: FBT003


def test_records_as_they_were_fetched_say_the_same() -> None:
    """They are handed out without a ConsumerRecord each, which can be made of them later."""
    accept_any_name()
    raw = _batch(0, 0, "good", "good")
    records: Any = fetcher.MemoryRecords(raw)
    fetched = fetcher.PartitionRecords(TP, records, None, 0, as_fetched, None, True, 0)  # noqa: FBT003
    assert [consumer_record(TP, record) for record in fetched] == _fetched(raw)


@pytest.mark.parametrize("codec", range(5), ids=["none", "gzip", "snappy", "lz4", "zstd"])
def test_a_fetch_goes_on_past_a_name_that_is_no_text(codec: int) -> None:
    """Whatever it is packed with: every record is handed out once, in order, with its key, value and timestamp."""
    first, rest = _batch(codec, 0, "good", "good"), _batch(codec, 2, "good", _Bytes("x"), "good")
    rest += _batch(codec, 5, "good")
    raw = first + rest
    for at in (0, 3, 4):
        records = _fetched(rest if at else raw, at)
        assert [record.offset for record in records] == list(range(at, 6))
        assert [record.value for record in records] == [_event(number) for number in range(at, 6)]
        assert {record.key for record in records} == {b"ada"}
    assert [name for name, _ in _fetched(raw)[3].headers] == ["trace", "\x7f\x7f\x7f", "none"]
    assert [name for name, _ in _fetched(raw)[4].headers] == ["trace", "good", "none"]


@pytest.mark.parametrize("name", DIALECTS)
def test_the_record_is_refused_like_any_other(name: DialectName) -> None:
    """With those beside it read."""
    records = _fetched(_batch(0, 0, "good", _Bytes("x"), "good"))
    decoded = dialect(name).decode(records)
    assert [(refused.offset, refused.path) for refused in decoded.refused if refused.path == "headers"] == [
        (1, "headers")
    ]
    if name in ("native", "auto"):
        assert [offset for offset, _, _ in decoded.events] == [0, 2]


def test_good_batches_stay_as_they_are() -> None:
    """Bytes that are text, cut-off batches, and nothing."""
    raw = _batch(1, 0, "good", "gräßlich")
    assert marked(raw) == raw
    assert marked(raw + raw[:30]) == raw + raw[:30]
    assert marked(b"") == b""


SEND = """
import asyncio, sys
from aiokafka import AIOKafkaProducer

class Name(str):
    def encode(self, *_):
        return bytes([255, 254])

async def send(bootstrap, topic):
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        for name in ("good", Name("x"), "good"):
            await producer.send_and_wait(topic, b"{}", key=b"ada", headers=[(name, b"v")])

asyncio.run(send(*sys.argv[1:]))
"""
"""aiokafka's own way to write in Python takes names that its other one does not."""


@pytest.mark.kafka
async def test_a_real_broker_takes_such_a_name_and_hands_it_out(real_kafka: Kafka) -> None:
    """It does not look at names; whoever reads its topics gets every record."""
    topic = await real_kafka.topic(1)
    environment = os.environ | {"AIOKAFKA_NO_EXTENSIONS": "1"}
    sending = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SEND, real_kafka.bootstrap, topic, env=environment
    )
    assert await sending.wait() == 0
    async with TopicReader(KafkaOptions(bootstrap=real_kafka.bootstrap)) as reader:
        [records] = (await reader.newest(await reader.log(topic), (), 10)).values()
    assert [[name for name, _ in record.headers] for record in records] == [["good"], ["\x7f\x7f"], ["good"]]
