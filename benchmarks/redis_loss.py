"""Redis loss: what Redis should hold by the log, and what it does hold."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from penchant.settings.root import Settings
from storage.checkpoints import Context
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import BrokerUnavailable
from streams.events.decoding import Decoder
from streams.sessions.packing import load
from streams.sessions.session import Session, SessionRules, fold

CHUNK = 500
WITHIN_S = 30.0
STORE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that the final state lacks, shoppers that it lacks entirely, and sessions that are other than they should
    be, those of lost events included."""

    events: int
    shoppers: int
    sessions: int


class Record(NamedTuple):
    """A record in the shape that the decoder reads."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


async def compare(settings: Settings) -> Loss:
    """Fold the whole log once more and compare each shopper with what Redis holds."""
    expected = await asyncio.to_thread(_expected, settings)
    redis = settings.redis.connect()
    try:
        store = RedisCheckpoints(redis, Keys(settings.redis.namespace), STORE_WITHIN_S)
        names, stored = list(expected), dict[str, Session]()
        for first in range(0, len(names), CHUNK):
            chunk = names[first : first + CHUNK]
            found = await store.load(chunk)
            stored |= {each.shopper: load(each.session) for each in found if isinstance(each, Context)}
    finally:
        await redis.aclose()
    return loss(expected, stored)


def loss(expected: Mapping[str, Session], stored: Mapping[str, Session]) -> Loss:
    """What is missing. Events that fell out of a session's window count too, by its number of events."""
    missing = [_missing(session, stored.get(shopper)) for shopper, session in expected.items()]
    return Loss(
        events=sum(missing),
        shoppers=len(expected.keys() - stored.keys()),
        sessions=sum(stored.get(shopper) != session for shopper, session in expected.items()),
    )


def _missing(expected: Session, stored: Session | None) -> int:
    if stored is None:
        return expected.events
    gone = {*expected.event_ids} - {*stored.event_ids}
    return max(len(gone), expected.events - stored.events)


def _expected(settings: Settings) -> dict[str, Session]:
    decoder, rules = Decoder(), settings.session
    sessions: dict[str, Session] = {}
    for records in _log(settings.kafka.bootstrap, settings.kafka.topic):
        _fold(sessions, decoder, rules, records)
    return sessions


def _fold(sessions: dict[str, Session], decoder: Decoder, rules: SessionRules, records: Sequence[Record]) -> None:
    for offset, timestamp_ms, event in decoder.decode(records).events:
        session = sessions.setdefault(event.shopper_id, Session())
        fold(session, event, offset, timestamp_ms, rules)


def _log(bootstrap: str, topic: str) -> Iterator[list[Record]]:
    """Every record of the topic, in order within a partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reads-alone", "enable.auto.commit": False})
    try:
        found = consumer.list_topics(topic, WITHIN_S).topics[topic].partitions
        ends = {number: consumer.get_watermark_offsets(TopicPartition(topic, number), WITHIN_S)[1] for number in found}
        left = sum(ends.values())
        consumer.assign([TopicPartition(topic, number, 0) for number in found])
        while left > 0:
            messages = consumer.consume(min(left, CHUNK), WITHIN_S)
            if not messages:
                raise BrokerUnavailable(f"{left} records of {topic} cannot be read again within {WITHIN_S:g} s")
            left -= len(messages)
            yield [_record(message) for message in messages]
    except KafkaException as exc:
        raise BrokerUnavailable(f"{topic} cannot be read again: {exc}") from exc
    finally:
        consumer.close()


def _record(message: Message) -> Record:
    if error := message.error():
        raise KafkaException(error)
    return Record(message.offset() or 0, message.timestamp()[1], message.key(), message.value())
