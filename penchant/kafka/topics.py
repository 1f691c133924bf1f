"""Topic: making the topic of events where there is none."""

import asyncio
from collections.abc import Mapping

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from penchant.kafka.options import kafka_errors, kafka_options
from penchant.settings.kafka import Kafka
from streams.errors import ContractMismatch

BROKER_DEFAULT = -1  # replicas; brokers since 2.4 (KIP-464)
ANYWHERE: dict[int, list[int]] = {}  # aiokafka asks for an assignment where replicas are not counted
REMEDY = "make the topic by the broker's own means"


async def create_topic(
    kafka: Kafka, partitions: int, config: Mapping[str, str] | None = None, timeout_s: float = 10.0
) -> bool:
    """Make the topic of events; False when it is there already, with whatever partitions it has. `config` is the
    topic's own.

    BrokerUnavailable without Kafka, ContractMismatch where topics cannot be made this way.
    """
    topic = NewTopic(kafka.topic, partitions, BROKER_DEFAULT, ANYWHERE, dict(config or {}))
    with kafka_errors(kafka):
        admin = AIOKafkaAdminClient(**kafka_options(kafka), request_timeout_ms=int(timeout_s * 1_000))
        try:
            async with asyncio.timeout(timeout_s):
                await admin.start()
                cluster = await admin.describe_cluster()
                if cluster["controller_id"] not in {broker["node_id"] for broker in cluster["brokers"]}:  # the mock's
                    raise ContractMismatch(f"Kafka at {kafka.bootstrap} has no controller to make topics", REMEDY)
                answer = await admin.create_topics([topic])
        finally:
            await admin.close()
        code, detail = answer.topic_errors[0][1:3]
        if code not in (0, TopicAlreadyExistsError.errno):
            raise for_code(code)(detail)
    return bool(code == 0)
