"""Topics: made where they are missing, and asked for how they are configured."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from math import inf

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, TopicAlreadyExistsError, for_code

from streams.errors import ContractMismatch
from streams.kafka.errors import kafka_errors
from streams.kafka.options import KafkaOptions
from streams.records.retention import Retention

WITHIN_S = 10.0
CLOSE_S = 2.0
BROKER_DEFAULT = -1  # replicas; brokers since 2.4 (KIP-464)
ANYWHERE: dict[int, list[int]] = {}  # aiokafka asks for an assignment where replicas are not counted
REMEDY = "make the topic by the broker's own means"
OLDER_BROKERS = "message.timestamp.difference.max.ms"
"""Before 4.0, where the other one has its default."""

EVER_MS = 2**63 - 1
"""The default of both."""

COMPACTED = {"cleanup.policy": "compact"}


async def create_topic(
    options: KafkaOptions,
    topic: str,
    partitions: int,
    config: Mapping[str, str] | None = None,
    within_s: float = WITHIN_S,
) -> bool:
    """Make a topic; False when it is there already, with whatever partitions it has. `config` is the topic's own.

    BrokerUnavailable without Kafka, ContractMismatch where topics cannot be made this way.
    """
    new = NewTopic(topic, partitions, BROKER_DEFAULT, ANYWHERE, dict(config or {}))
    async with _admin(options, topic, within_s) as admin:
        cluster = await admin.describe_cluster()
        if cluster["controller_id"] not in {broker["node_id"] for broker in cluster["brokers"]}:  # the mock's
            raise ContractMismatch(f"Kafka at {options.bootstrap} has no controller to make topics", REMEDY)
        answer = await admin.create_topics([new])
        code, detail = answer.topic_errors[0][1:3]
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)(detail)
    return bool(code == 0)


async def replicas_of(options: KafkaOptions, topic: str) -> tuple[list[int], list[int]]:
    """How many replicas each partition has, and how many of them are in sync."""
    async with _admin(options, topic) as admin:
        [described] = await admin.describe_topics([topic])
    partitions = described["partitions"]
    return [len(each["replicas"]) for each in partitions], [len(each["isr"]) for each in partitions]


async def config_of(options: KafkaOptions, topic: str) -> Mapping[str, str] | None:
    """The topic's configuration; None where the broker does not say, or not to us."""
    async with _admin(options, topic) as admin:
        try:
            answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        except (IncompatibleBrokerVersion, NotImplementedError):  # no version in common
            return None
    [resource] = answers[0].resources
    if resource[0]:
        return None
    return {entry[0]: entry[1] for entry in resource[4] if entry[1] is not None}


async def retention_of(options: KafkaOptions, topic: str) -> Retention | None:
    """How old records of a topic may be; None where the broker does not say, or not to us."""
    config = await config_of(options, topic)
    if config is None:
        return None
    kept_ms = _span_ms(config, "retention.ms") if "delete" in config.get("cleanup.policy", "delete") else inf
    taken_ms = _span_ms(config, "message.timestamp.before.max.ms")
    if taken_ms == inf:
        taken_ms = _span_ms(config, OLDER_BROKERS)
    return Retention(kept_ms, taken_ms, restamps=config.get("message.timestamp.type") == "LogAppendTime")


def _span_ms(config: Mapping[str, str], name: str) -> float:
    span_ms = int(config.get(name, -1))
    return span_ms if 0 <= span_ms < EVER_MS else inf


@asynccontextmanager
async def _admin(options: KafkaOptions, topic: str, within_s: float = WITHIN_S) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client for one question, bounded in time."""
    with kafka_errors(options, topic):
        admin = AIOKafkaAdminClient(**options.client(), request_timeout_ms=int(within_s * 1_000))
        try:
            async with asyncio.timeout(within_s):
                await admin.start()
                yield admin
        finally:
            async with asyncio.timeout(CLOSE_S):
                await admin.close()
