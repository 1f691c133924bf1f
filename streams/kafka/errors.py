"""Errors: the one place where aiokafka's errors become ours."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from aiokafka.errors import (
    BrokerResponseError,
    GroupAuthorizationFailedError,
    KafkaError,
    ProducerFenced,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
    UnknownTopicOrPartitionError,
    UnsupportedCodecError,
)

from streams.errors import BrokerUnavailable, ContractMismatch, PenchantError, TopicMissing
from streams.kafka.options import KafkaOptions

MAKE_IT = "make the topic first, or let `penchant simulate traffic --create-topic` do it"
CODEC = "pip install cramjam, which reads gzip, snappy, lz4 and zstd; or let producers use one of these"
FENCED = "let it end: it does what this one had still to do"
PAGE = "(docs/security.md)"
RIGHTS: Sequence[tuple[type[KafkaError], str, str]] = (
    (
        TopicAuthorizationFailedError,
        "does not let us use {}, nor say whether it is there: a right is missing",
        "the topic",
    ),
    (GroupAuthorizationFailedError, "does not let us use the consumer group {}", "the group"),
    (TransactionalIdAuthorizationFailed, "does not let us write in transactions", "the transactional id"),
)
"""What a missing right is called, and what it is on."""


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
        return TopicMissing(f"{kafka} has no topic {topic}", MAKE_IT)
    if isinstance(error, UnsupportedCodecError):
        return ContractMismatch(f"records of {topic or 'a topic'} are compressed by a codec we lack: {error}", CODEC)
    if isinstance(error, ProducerFenced):
        return ContractMismatch("another process of the same transactions has begun", FENCED)
    for kind, words, resource in RIGHTS:
        if isinstance(error, kind):
            name = _group(error) if kind is GroupAuthorizationFailedError else topic or "a topic"
            return ContractMismatch(f"{kafka} {words.format(name)}", f"grant the right on {resource} {PAGE}")
    if permanent(error):
        return ContractMismatch(f"{kafka} refuses {topic}: {error!r}")
    return BrokerUnavailable(f"{kafka} does not answer: {error!r}")


def _group(error: BaseException) -> str:
    """The group that the error is about, as aiokafka says it: a process may use several."""
    return str(error.args[0]) if error.args else "of ours"


def permanent(error: BaseException) -> bool:
    """Whether the broker answers the same however often it is asked."""
    return isinstance(error, BrokerResponseError) and not error.retriable
