"""A worker in an estate where Kafka, Redis and Triton are all guarded, with no rights but those that are listed."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
from confluent_kafka.admin import AclOperation as Op
from confluent_kafka.admin import ResourceType as Kind

from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import ERROR
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers import secured_kafka, secured_redis, secured_triton
from sandbox.servers.authority import Authority
from sandbox.servers.secured_kafka import SecuredKafka
from sandbox.servers.secured_redis import SecuredRedis
from sandbox.servers.secured_triton import SecuredTriton
from sandbox.shop.producer import EventProducer
from streams.errors import PlatformLacks
from streams.events.decoding import encode
from streams.kafka.options import KafkaOptions
from tests.e2e.shop import events, until
from tests.kafka import SKIPPED

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.java, pytest.mark.redis, pytest.mark.triton]


async def test_a_worker_in_a_guarded_estate(needs_triton: None, tmp_path: Path) -> None:
    """Events become intents over TLS alone, with the rights of docs/security.md; doctor finds nothing that a worker
    would stop at."""
    authority, name = Authority(tmp_path / "authority"), f"shop-{uuid4().hex[:8]}"
    try:
        kafka = SecuredKafka(tmp_path / "kafka", authority)
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    redis = SecuredRedis(tmp_path / "redis", authority, name)
    async with kafka, redis, SecuredTriton(tmp_path / "triton", authority) as triton:
        await asyncio.to_thread(prepare, kafka, name)
        settings = guarded(kafka, redis, triton, authority, name)
        async with EventProducer(KafkaOptions(kafka.address), name) as sender:
            for event in events(2, 3):
                await sender.send(event.shopper_id.encode(), encode(event))
            await sender.flush()
        async with worker(settings) as running:

            async def done() -> bool:
                return running.meter.intents - running.meter.rules_intents >= 2

            await until(done)
        wrong = [each for each in await examine(settings) if each.severity == ERROR]
        assert not wrong, wrong


def prepare(kafka: SecuredKafka, name: str) -> None:
    kafka.make_topics(name, f"{name}.dead", f"{name}.erasures")
    read, write = [Op.READ, Op.DESCRIBE], [Op.WRITE, Op.DESCRIBE]
    topics = {(Kind.TOPIC, name): read, (Kind.TOPIC, f"{name}.dead"): write, (Kind.TOPIC, f"{name}.erasures"): read}
    kafka.grant({**topics, (Kind.GROUP, name): read})


def guarded(
    kafka: SecuredKafka, redis: SecuredRedis, triton: SecuredTriton, authority: Authority, name: str
) -> Settings:
    """The settings that get in everywhere."""
    ours = authority.issue("worker")
    tls = {"ca_file": str(authority.ca), "cert_file": str(ours.cert), "key_file": str(ours.key)}
    return Settings.model_validate(
        {
            "kafka": {"bootstrap": kafka.sasl_address, "topic": name, "dead_letter_topic": f"{name}.dead",
                      "erasure_topic": f"{name}.erasures", "group": name, "security_protocol": "SASL_SSL",
                      "sasl_mechanism": "SCRAM-SHA-512", "sasl_username": secured_kafka.USER,
                      "sasl_password": secured_kafka.PASSWORD, "tls": {"ca_file": str(authority.ca)}},
            "redis": {"url": redis.url, "namespace": name, "username": secured_redis.USER,
                      "password": secured_redis.PASSWORD, "tls": tls, "timeout_s": 2.0},
            "model": {"url": triton.grpc_url, "api_key": secured_triton.KEY,
                      "api_key_header": secured_triton.GRPC_HEADER, "tls": tls},
            "triggers": {"debounce_s": 0.1, "max_wait_s": 0.3, "min_interval_s": 0.1},
        }
    )  # fmt: skip
