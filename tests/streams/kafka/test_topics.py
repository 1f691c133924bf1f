"""How a topic is configured: from when on it keeps what is written to it."""

from typing import Any

import pytest

from sandbox.servers.kafka import MockKafka
from streams.kafka.options import KafkaOptions
from streams.kafka.topics import kept_from_ms
from tests.kafka import Kafka

pytestmark = pytest.mark.kafka

NOW_MS, DAY_MS = 1_800_000_000_000, 86_400_000


@pytest.mark.parametrize(
    ("config", "kept_ms"),
    [
        ({"retention_ms": DAY_MS}, DAY_MS),
        ({"retention_ms": -1}, NOW_MS),
        ({"retention_ms": DAY_MS, "cleanup_policy": "compact"}, NOW_MS),
        ({"retention_ms": DAY_MS, "cleanup_policy": "compact,delete"}, DAY_MS),
        ({"retention_ms": DAY_MS, "message_timestamp_type": "LogAppendTime"}, NOW_MS),
        ({"retention_ms": -1, "message_timestamp_before_max_ms": DAY_MS}, DAY_MS),
        ({"retention_ms": 2 * DAY_MS, "message_timestamp_before_max_ms": DAY_MS}, DAY_MS),
        ({"retention_ms": 2 * NOW_MS}, NOW_MS),
    ],
)
async def test_what_a_topic_keeps_and_takes(real_kafka: Kafka, config: dict[str, Any], kept_ms: int) -> None:
    """By the time of a record, where the topic goes by that."""
    topic = await real_kafka.topic(1, **config)
    assert await kept_from_ms(KafkaOptions(real_kafka.bootstrap), topic, NOW_MS) == NOW_MS - kept_ms


async def test_a_broker_that_does_not_say(mock_kafka: MockKafka) -> None:
    """All is taken for kept."""
    await mock_kafka.create_topic("unsaid", 1)
    assert await kept_from_ms(KafkaOptions(mock_kafka.address), "unsaid", NOW_MS) == 0
