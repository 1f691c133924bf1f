"""A worker that has to log in to Kafka."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.apache import ApacheKafka
from sandbox.servers.redis import RedisServer
from sandbox.servers.triton import TritonServer
from sandbox.shop.producer import EventProducer
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from tests.e2e.shop import events, until
from tests.kafka import SKIPPED

pytestmark = pytest.mark.slow

LOGIN = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
NAME, PASSWORD = "penchant", "s3cret"
JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class GuardedKafka(ApacheKafka):
    """A broker that lets nobody in without a name and a password."""

    def client_options(self) -> dict[str, str | int | float | bool]:
        """What librdkafka needs to get in."""
        return {"bootstrap.servers": self.address, "sasl.username": NAME, "sasl.password": PASSWORD, **LOGIN}

    def _answers(self) -> bool:
        try:
            AdminClient({**self.client_options(), "log_level": 0}).list_topics(timeout=1)
        except KafkaException:
            return False
        return True

    def _properties(self) -> Mapping[str, object]:
        broker, controller = (f"127.0.0.1:{port}" for port in self.ports)
        jaas = f'{JAAS} username="{NAME}" password="{PASSWORD}" user_{NAME}="{PASSWORD}";'
        return {
            **super()._properties(),
            "listeners": f"GUARDED://{broker},CONTROLLER://{controller}",
            "advertised.listeners": f"GUARDED://{broker}",
            "inter.broker.listener.name": "GUARDED",
            "listener.security.protocol.map": "GUARDED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.guarded.plain.sasl.jaas.config": jaas,
        }


@pytest.fixture
async def guarded(anyio_backend: str, tmp_path: Path) -> AsyncIterator[GuardedKafka]:
    """A guarded broker; needs a JDK."""
    try:
        server = GuardedKafka(tmp_path / "guarded")
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    async with server:
        yield server


@pytest.mark.kafka
async def test_a_worker_logs_in_everywhere(
    guarded: GuardedKafka, redis_server: RedisServer, model_server: TritonServer
) -> None:
    """Consumer, dead letters, the look at the topic and the traffic all use the name and password of the settings."""
    admin = AdminClient(guarded.client_options())
    for made in admin.create_topics([NewTopic("shop", 1, 1), NewTopic("shop.dead", 1, 1)]).values():
        made.result(30)
    settings = Settings.model_validate(
        {
            "kafka": {"bootstrap": guarded.address, "topic": "shop", "dead_letter_topic": "shop.dead",
                      "security_protocol": "SASL_PLAINTEXT", "sasl_username": NAME, "sasl_password": PASSWORD},
            "redis": {"url": redis_server.url, "namespace": uuid4().hex[:12]},
            "model": {"url": model_server.grpc_address},
            "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
        }
    )  # fmt: skip
    async with EventProducer(settings.kafka.options, settings.kafka.topic) as sender:
        for event in events(2, 3):
            await sender.send(event.shopper_id.encode(), encode(event))
        await sender.send(b"nobody", b"not an event")
        await sender.flush()
    async with worker(settings) as running:

        async def done() -> bool:
            return running.meter.intents >= 2 and running.meter.dead_letters == 1

        await until(done)
        assert running.meter.dead_letters == 1
