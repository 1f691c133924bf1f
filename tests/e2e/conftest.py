"""The whole pipeline: a worker between a broker, a redis-server and a tritonserver, all of them real."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from penchant.settings.root import Settings
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from tests.kafka import Kafka

MakeSettings = Callable[..., Settings]


@pytest.fixture(params=["apache", pytest.param("mock", marks=pytest.mark.slow)])
def broker(request: pytest.FixtureRequest, mock_kafka: MockKafka) -> Kafka:
    """Apache Kafka, and librdkafka's mock of it."""
    if request.param == "mock":
        return Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    found: Kafka = request.getfixturevalue("real_kafka")
    return found


@pytest.fixture
def make_settings(redis_server: RedisServer) -> MakeSettings:
    """Settings for a worker of a test: quick triggers, a namespace and a group of its own."""

    def make(broker: Kafka, topic: str, model: str, **sections: dict[str, object]) -> Settings:
        name = uuid4().hex[:12]
        values: dict[str, dict[str, object]] = {
            "kafka": {"bootstrap": broker.bootstrap, "topic": topic, "group": name, "commit_interval_s": 0.2,
                      "dead_letter_topic": f"{topic}.dead", "erasure_topic": f"{topic}.erasures",
                      "session_timeout_s": 6},
            "redis": {"url": redis_server.url, "namespace": name},
            "model": {"url": model},
            "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
            "commit": {"lag_s": 0.5},
            "dead_letters": {"window_s": 0.5},
        }  # fmt: skip
        for section, given in sections.items():
            values.setdefault(section, {}).update(given)
        return Settings.model_validate(values)

    return make
