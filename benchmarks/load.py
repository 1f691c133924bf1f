"""Load: many plain events, made quickly. Who wants shoppers that behave like shoppers takes sandbox/shop.

Every shopper looks at a few kinds of products, now and then searches, orders or changes their mind; who is next is
chance.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from random import Random
from typing import NamedTuple

from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from sandbox.shop.catalogue import Catalogue
from streams.errors import BrokerUnavailable
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent

SHARES = {"view": 60, "click": 22, "list_view": 4, "search": 5, "cart_add": 5, "cart_remove": 1}
SHARES |= {"checkout": 1, "purchase": 1, "wishlist_add": 1}
ACTIONS = [action for action, share in SHARES.items() for _ in range(share)]
"""How often shoppers do what, in a hundred."""

QUERIES = ("quiet kettle", "tent for two", "running shoes wide", "gift for a birthday")
PRODUCTS = 900
FAITHFUL = 0.8
"""The share of a shopper's looks that goes to one category."""

EVENT = b'{"event_id":"e%d","shopper_id":"shopper-%07d","action":"%s","time_ms":%d,%s'
WITHIN_S = 60.0
POLL_EVERY = 2_000
TICK_S = 0.01


class Record(NamedTuple):
    """One event as it goes to Kafka."""

    key: bytes
    value: bytes
    time_ms: int


@dataclass(frozen=True, slots=True)
class Load:
    """So many events of so many shoppers, the last of them at `until_ms`. The same seed makes the same events.

    Events are numbered from `first`; shoppers act by chance, `pace_s` apart on average, or `in_turns`.
    """

    events: int
    shoppers: int
    seed: int = 1
    first: int = 0
    pace_s: float = 15.0
    in_turns: bool = False
    until_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def records(self) -> Iterator[Record]:
        """In the order of time."""
        random = Random(self.seed)
        shelves = [[_subject(items=(item,)) for item in shelf] for shelf in Catalogue(1, PRODUCTS).by_category.values()]
        searches = [_subject(query=query) for query in QUERIES]
        step_ms = self.pace_s * 1e3 / self.shoppers
        for number in range(self.events):
            who = number % self.shoppers if self.in_turns else random.randrange(self.shoppers)
            action = random.choice(ACTIONS)
            shelf = shelves[who % len(shelves)] if random.random() < FAITHFUL else random.choice(shelves)
            subject = random.choice(searches if action == "search" else shelf)
            time_ms = self.until_ms - int((self.events - 1 - number) * step_ms)
            told = (self.first + number, who, action.encode(), time_ms, subject)
            yield Record(b"shopper-%07d" % who, EVENT % told, time_ms)


async def make_topic(bootstrap: str, topic: str, partitions: int) -> None:
    """Make a topic; BrokerUnavailable when that cannot be done."""
    client = AdminClient({"bootstrap.servers": bootstrap})
    made = client.create_topics([NewTopic(topic, partitions, 1)], operation_timeout=WITHIN_S)[topic]
    try:
        await asyncio.to_thread(made.result, WITHIN_S)
    except KafkaException as exc:
        raise BrokerUnavailable(f"the topic {topic} cannot be made: {exc}") from exc


async def fill(bootstrap: str, topic: str, records: Iterable[Record]) -> None:
    """Append records, as fast as Kafka takes them; returns when it has them all."""
    await asyncio.to_thread(_fill, bootstrap, topic, records)


async def pace(bootstrap: str, topic: str, records: Iterable[Record], events_per_second: float) -> None:
    """Append records at a steady rate until they end, or until cancelled."""
    loop = asyncio.get_running_loop()
    source, began_s, sent = iter(records), loop.time(), 0
    producer = _producer(bootstrap)
    try:
        while True:
            wanted = int((loop.time() - began_s) * events_per_second)
            step = list(islice(source, wanted - sent))
            if len(step) < wanted - sent:
                return
            sent = wanted
            for record in step:
                producer.produce(topic, record.value, record.key, timestamp=record.time_ms)
            producer.poll(0)
            await asyncio.sleep(TICK_S)
    finally:
        await asyncio.to_thread(producer.flush, WITHIN_S)


def _fill(bootstrap: str, topic: str, records: Iterable[Record]) -> None:
    producer = _producer(bootstrap)
    for number, record in enumerate(records):
        producer.produce(topic, record.value, record.key, timestamp=record.time_ms)
        if number % POLL_EVERY == 0:
            producer.poll(0)
    if left := producer.flush(WITHIN_S):
        raise BrokerUnavailable(f"Kafka has not taken {left} events within {WITHIN_S:g} s")


def _producer(bootstrap: str) -> Producer:
    options = {"bootstrap.servers": bootstrap, "linger.ms": 20, "acks": "all"}
    return Producer(options | {"queue.buffering.max.messages": 1_000_000})


def _subject(*, items: tuple[Item, ...] = (), query: str | None = None) -> bytes:
    """The end of an event's JSON: what it is about."""
    event = ShopperEvent(event_id="e", shopper_id="s", action="view", time_ms=0, items=items, query=query)
    return encode(event).partition(b'"time_ms":0,')[2]
