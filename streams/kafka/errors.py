"""Errors: the one place where aiokafka's errors become ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import (
    BrokerResponseError,
    KafkaError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)

from streams.errors import BrokerUnavailable, ContractMismatch, PenchantError
from streams.kafka.options import KafkaOptions

MAKE_IT = "make the topic first, or let `penchant simulate traffic --create-topic` do it"
CODEC = "pip install cramjam, which reads gzip, snappy, lz4 and zstd; or let producers use one of these"
FENCED = "let it end: it does what this one had still to do"


@contextmanager
def kafka_errors(options: KafkaOptions, topic: str = "") -> Iterator[None]:
    """Raise ContractMismatch for what trying again cannot mend, BrokerUnavailable for the rest of aiokafka's errors."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError) as exc:
        raise mapped(exc, f"Kafka at {options.bootstrap}", topic) from exc


def mapped(error: BaseException, kafka: str, topic: str = "") -> PenchantError:
    """Our error for one of aiokafka's. `kafka` names the brokers at the beginning of the message."""
    if isinstance(error, UnknownTopicOrPartitionError):
        return ContractMismatch(f"{kafka} has no topic {topic}", MAKE_IT)
    if isinstance(error, UnsupportedCodecError):
        return ContractMismatch(f"records of {topic or 'a topic'} are compressed by a codec we lack: {error}", CODEC)
    if isinstance(error, ProducerFenced):
        return ContractMismatch("another process of the same transactions has begun", FENCED)
    if isinstance(error, TopicAuthorizationFailedError):
        return ContractMismatch(f"{kafka} does not let us use {topic or error}", "grant the right (docs/security.md)")
    if permanent(error):
        return ContractMismatch(f"{kafka} refuses {topic}: {error!r}")
    return BrokerUnavailable(f"{kafka} does not answer: {error!r}")


def permanent(error: BaseException) -> bool:
    """Whether the broker answers the same however often it is asked."""
    return isinstance(error, BrokerResponseError) and not error.retriable
