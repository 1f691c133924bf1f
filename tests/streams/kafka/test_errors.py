"""Errors of the brokers in our words: what is missing, and on what."""

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
    TransactionalIdAuthorizationFailed,
)

from streams.errors import ContractMismatch
from streams.kafka.errors import mapped


@pytest.mark.parametrize(
    ("error", "fault", "remedy"),
    [
        (TopicAuthorizationFailedError(), "does not let us use events", "right on the topic"),
        (
            GroupAuthorizationFailedError("shop-impressions"),
            "the consumer group shop-impressions",
            "right on the group",
        ),
        (GroupAuthorizationFailedError(), "the consumer group of ours", "right on the group"),
        (TransactionalIdAuthorizationFailed(), "does not let us write in transactions", "the transactional id"),
    ],
)
def test_a_right_that_is_missing_is_named(error: KafkaError, fault: str, remedy: str) -> None:
    """A group by its own name: a worker uses one for events and one for impressions."""
    told = mapped(error, "Kafka at here:9092", "events")
    assert isinstance(told, ContractMismatch)
    assert fault in str(told)
    assert remedy in told.remedy
