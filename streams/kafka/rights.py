"""Rights: which operations Kafka allows us on a topic or a consumer group, asked without doing any.

The group's request is Kafka's DescribeGroups, version 3: https://kafka.apache.org/protocol#The_Messages_DescribeGroups
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from aiokafka import AIOKafkaClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.protocol.admin import DescribeGroupsRequest_v3 as AskGroups
from aiokafka.protocol.admin import DescribeGroupsResponse_v3
from aiokafka.protocol.api import Request

from streams.kafka.errors import kafka_errors
from streams.kafka.metadata import operations_of
from streams.kafka.options import KafkaOptions

WITHIN_S = 10.0
OPERATIONS = {3: "READ", 4: "WRITE", 10: "DESCRIBE_CONFIGS"}
"""Of those that Kafka numbers, the ones that are asked for."""

AGAIN_S = 0.2
GROUP = 0
"""Of the coordinators, those of consumer groups."""

UNTOLD = -(2**31)
"""What brokers say that do not tell; mocks and those before 2.3."""

Operations = frozenset[str]


async def allowed(options: KafkaOptions, kind: Literal["topic", "group"], name: str) -> Operations | None:
    """What we may do; nothing where rights hide it, None where the broker does not tell. TopicMissing, or
    BrokerUnavailable."""
    async with _asking(options, name) as client:
        try:
            bits = await (operations_of(client, name) if kind == "topic" else _of_group(client, name))
        except (TopicAuthorizationFailedError, GroupAuthorizationFailedError):
            return frozenset()
    if bits is None or bits == UNTOLD:
        return None
    return frozenset(word for at, word in OPERATIONS.items() if bits >> at & 1)


class DescribeGroups_v3(AskGroups):  # type: ignore[misc] # noqa: N801 # aiokafka's expects the answer of version 2
    """The version that tells what we may do."""

    RESPONSE_TYPE = DescribeGroupsResponse_v3


class DescribeGroups(Request[DescribeGroups_v3]):  # type: ignore[misc] # aiokafka ships no types
    """Asks about one group."""

    API_KEY = AskGroups.API_KEY

    def __init__(self, group: str) -> None:
        self._group = group

    def build(self, version: Any) -> Any:
        """The request."""
        return version([self._group], True)  # noqa: FBT003 # a struct of the protocol


async def _of_group(client: AIOKafkaClient, group: str) -> int | None:
    while True:
        try:
            node = await client.coordinator_lookup(GROUP, group)
            [entry] = (await client.send(node, DescribeGroups(group))).to_object()["groups"]
            if error := entry["error_code"]:
                raise for_code(error)(group)
        except (IncompatibleBrokerVersion, NotImplementedError):
            return None
        except KafkaError as exc:
            if not exc.retriable:
                raise
        else:
            return int(entry["authorized_operations"])
        await asyncio.sleep(AGAIN_S)  # a broker that has just begun has no coordinator yet


@asynccontextmanager
async def _asking(options: KafkaOptions, name: str) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(**options.client())
    try:
        with kafka_errors(options, name):
            async with asyncio.timeout(WITHIN_S):
                await client.bootstrap()
                yield client
    finally:
        await client.close()
