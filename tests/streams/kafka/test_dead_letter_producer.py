"""Dead-letter producer: a letter that is too large goes out shortened, and one that is refused harms no other."""

from collections.abc import Awaitable, Sequence
from hashlib import sha256
from typing import Any, cast

import pytest
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from streams.errors import BrokerUnavailable
from streams.kafka.dead_letter_producer import DeadLetterProducer
from streams.kafka.options import KafkaOptions
from streams.kafka.producer import RecordProducer, producing
from streams.records.dead_letters import DeadLetter
from tests.kafka import Kafka
from tests.reading import read_all


def letter(offset: int, value: bytes, **rest: Any) -> DeadLetter:
    return DeadLetter("clicks", 3, offset, b"ada", value, "json", **rest)


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("limit_bytes", "size_bytes"),
    [(1_048_588, 1_048_500), (1_048_588, 3_000_000), (20_000, 19_900), (20_000, 1_000_000), (6_000, 100_000)],
)
async def test_what_is_too_large_is_shortened(real_kafka: Kafka, limit_bytes: int, size_bytes: int) -> None:
    """At the broker's limit with the headers, and far beyond it, for topics of usual and of narrow limits. The others
    of the same call arrive whole, and so does what is sent afterwards."""
    topic = await real_kafka.topic(max_message_bytes=limit_bytes)
    large = b"x" * size_bytes
    letters = [letter(7, b"small"), letter(8, large), letter(9, b"small too")]
    async with producing(KafkaOptions(real_kafka.bootstrap), idempotent=False) as producer:
        sender = DeadLetterProducer(producer, topic)
        assert await sender.send(letters) == {}
        assert await sender.send([letter(10, b"later")]) == {}
    read = map(DeadLetter.read, await read_all(real_kafka.bootstrap, topic))
    arrived = {each.offset: each for each in read if each is not None}
    assert {offset: arrived[offset].value for offset in (7, 9, 10)} == {7: b"small", 9: b"small too", 10: b"later"}
    short = arrived[8]
    assert (short.topic, short.partition, short.reason, short.key) == ("clicks", 3, "json", b"ada")
    assert (short.original_bytes, short.digest) == (size_bytes, sha256(large).hexdigest())
    assert large.startswith(short.value or b"")
    assert short.is_of(large)


@pytest.mark.kafka
async def test_large_headers_go_before_the_rest(real_kafka: Kafka) -> None:
    """A letter whose own headers are larger than the topic takes keeps its value."""
    topic = await real_kafka.topic(max_message_bytes=20_000)
    async with producing(KafkaOptions(real_kafka.bootstrap), idempotent=False) as producer:
        large = letter(7, b"no json", own_headers=(("debug", b"x" * 50_000),))
        assert await DeadLetterProducer(producer, topic).send([large]) == {}
    [record] = await read_all(real_kafka.bootstrap, topic)
    read = DeadLetter.read(record)
    assert read is not None
    assert (read.value, read.own_headers, read.original_bytes) == (b"no json", (), 7)


class Broker:
    """A RecordProducer whose broker has an answer for each letter by its size."""

    def __init__(self, refuses: KafkaError, above_bytes: int) -> None:
        self._refuses, self._above_bytes = refuses, above_bytes
        self.taken: list[bytes] = []

    async def put(self, _: str, __: bytes | None, value: bytes, *, headers: object) -> bytes:
        assert headers
        return value

    async def outcomes(self, sent: Sequence[Any]) -> list[Any]:
        return [self._outcome(value) for value in sent]

    def _outcome(self, value: bytes) -> Awaitable[Any] | KafkaError | None:
        if len(value) > self._above_bytes:
            return self._refuses
        self.taken.append(value)
        return None


def sender(broker: Broker) -> DeadLetterProducer:
    return DeadLetterProducer(cast("RecordProducer", broker), "dead")


@pytest.mark.parametrize("refusal", [InvalidTopicError(), MessageSizeTooLargeError()])
async def test_what_is_refused_for_good_is_named(refusal: KafkaError) -> None:
    """After shorter ones were tried; the other letters are taken."""
    broker = Broker(refusal, above_bytes=-1)
    lost = await sender(broker).send([letter(7, b"a"), letter(8, b"b")])
    assert lost == {0: repr(refusal), 1: repr(refusal)}
    broker = Broker(refusal, above_bytes=20_000)
    assert await sender(broker).send([letter(7, b"a"), letter(8, b"b" * 2_000_000)]) == {}
    assert broker.taken[0] == b"a"
    assert len(broker.taken) == 2


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (TopicAuthorizationFailedError(), "grant the right"),
        (ClusterAuthorizationFailedError(), "grant the right"),
        (UnknownTopicOrPartitionError(), "make the topic"),
    ],
)
async def test_what_people_can_mend_loses_no_letter(refusal: KafkaError, remedy: str) -> None:
    """A right or a topic that is missing is an outage, which says what to do."""
    with pytest.raises(BrokerUnavailable, match=remedy):
        await sender(Broker(refusal, above_bytes=-1)).send([letter(7, b"a")])


async def test_what_may_pass_is_an_outage() -> None:
    """No letter is lost for a broker that is moving its partitions."""
    broker = Broker(NotLeaderForPartitionError(), above_bytes=-1)
    with pytest.raises(BrokerUnavailable, match="dead does not take records"):
        await sender(broker).send([letter(7, b"a")])
