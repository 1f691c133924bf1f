"""How a topic is configured: how old records may be that are written to it."""

from math import inf
from typing import Any

import pytest

from sandbox.servers.kafka import MockKafka
from streams.kafka.options import KafkaOptions
from streams.kafka.topics import retention_of
from tests.kafka import Kafka

pytestmark = pytest.mark.kafka

DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("config", "kept_ms", "span_ms"),
    [
        ({"retention_ms": DAY_MS}, DAY_MS, DAY_MS),
        ({"retention_ms": -1}, inf, inf),
        ({"retention_ms": DAY_MS, "cleanup_policy": "compact"}, inf, inf),
        ({"retention_ms": DAY_MS, "cleanup_policy": "compact,delete"}, DAY_MS, DAY_MS),
        ({"retention_ms": DAY_MS, "message_timestamp_type": "LogAppendTime"}, DAY_MS, inf),
        ({"retention_ms": -1, "message_timestamp_before_max_ms": DAY_MS}, inf, DAY_MS),
        ({"retention_ms": 2 * DAY_MS, "message_timestamp_before_max_ms": DAY_MS}, 2 * DAY_MS, DAY_MS),
    ],
)
async def test_what_a_topic_keeps_and_takes(
    real_kafka: Kafka, config: dict[str, Any], kept_ms: float, span_ms: float
) -> None:
    """By the time of a record, where the topic goes by that."""
    topic = await real_kafka.topic(1, **config)
    retention = await retention_of(KafkaOptions(real_kafka.bootstrap), topic)
    assert retention is not None
    assert (retention.kept_ms, retention.span_ms) == (kept_ms, span_ms)


async def test_a_broker_that_does_not_say(mock_kafka: MockKafka) -> None:
    """The mock has no configuration."""
    await mock_kafka.create_topic("unsaid", 1)
    assert await retention_of(KafkaOptions(mock_kafka.address), "unsaid") is None
