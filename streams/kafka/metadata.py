"""Metadata of one topic, with its id, which aiokafka's own request does not ask for, and without making the topic.

The request is Kafka's Metadata, version 10: https://kafka.apache.org/protocol#The_Messages_Metadata
"""

from io import BytesIO
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaClient
from aiokafka.errors import UnknownTopicOrPartitionError, for_code
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v4, MetadataRequest_v5
from aiokafka.protocol.types import Boolean, CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

METADATA = 3
NO_ID = bytes(16)


async def describe(client: AIOKafkaClient, topic: str) -> tuple[str | None, int]:
    """A topic's id, where brokers tell it (since 2.8), and how many partitions it has.

    Raises what aiokafka raises; UnknownTopicOrPartitionError when there is no such topic.
    """
    entry = await _entry(client, topic)
    number = len(entry["partitions"])
    topic_id = entry.get("topic_id", NO_ID)
    return (str(UUID(bytes=topic_id)) if topic_id != NO_ID else None), number


async def operations_of(client: AIOKafkaClient, topic: str) -> int | None:
    """What we may do with a topic, a bit for each operation as Kafka numbers them; None of brokers before 2.8.

    Raises as `describe` does.
    """
    bits: int | None = (await _entry(client, topic)).get("operations")
    return bits


async def _entry(client: AIOKafkaClient, topic: str) -> Any:
    answer = await client.send(client.get_random_node(), MetadataRequest(topic))
    [entry] = answer.to_object()["topics"]
    if error := entry["error_code"]:
        raise for_code(error)(topic)
    if not entry["partitions"]:
        raise UnknownTopicOrPartitionError(topic)
    return entry


class Uuid(AbstractType[bytes]):  # type: ignore[misc] # aiokafka ships no types
    """Sixteen bytes."""

    @classmethod
    def encode(cls, value: bytes) -> bytes:
        """As it is."""
        return value

    @classmethod
    def decode(cls, data: BytesIO) -> bytes:
        """As it is."""
        return data.read(16)


NAME = CompactString("utf-8")
NUMBERS = CompactArray(Int32)
TAGS = ("tags", TaggedFields)


class MetadataResponse_v10(Response):  # type: ignore[misc] # noqa: N801 # as aiokafka names its versions
    """What a broker knows."""

    API_KEY, API_VERSION = METADATA, 10
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("brokers", CompactArray(("node_id", Int32), ("host", NAME), ("port", Int32), ("rack", NAME), TAGS)),
        ("cluster_id", NAME),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("topic", NAME),
                ("topic_id", Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", NUMBERS),
                        ("isr", NUMBERS),
                        ("offline_replicas", NUMBERS),
                        TAGS,
                    ),
                ),
                ("operations", Int32),
                TAGS,
            ),
        ),
        ("cluster_operations", Int32),
        TAGS,
    )


class MetadataRequest_v10(RequestStruct):  # type: ignore[misc] # noqa: N801 # as above
    """The version that tells topic ids."""

    FLEXIBLE_VERSION = True
    API_KEY, API_VERSION = METADATA, 10
    RESPONSE_TYPE = MetadataResponse_v10
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", Uuid), ("name", NAME), TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_operations", Boolean),
        ("include_topic_operations", Boolean),
        TAGS,
    )


class MetadataRequest(Request[MetadataRequest_v4 | MetadataRequest_v5 | MetadataRequest_v10]):  # type: ignore[misc] # as above
    """Asks about one topic, in the highest version that the broker speaks."""

    API_KEY = METADATA

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def build(self, version: Any) -> Any:
        """The request in that version."""
        if version is MetadataRequest_v10:
            return version([(NO_ID, self._topic, {})], False, False, True, {})  # noqa: FBT003 # a struct of the protocol
        return version([self._topic], False)  # noqa: FBT003
