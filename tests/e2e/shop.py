"""A small shop: events with an order that tests can predict, and the wait until something holds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from streams.events.decoding import encode
from streams.events.event import Action, Item, ShopperEvent
from tests.kafka import Kafka

KETTLES = [
    Item(id=f"k{n}", title=f"Quiet kettle {n}", category="home/kitchen/kettles", brand="Brivane", price=30.0 + n)
    for n in range(5)
]
ACTIONS: Sequence[Action] = ("view", "click", "view", "cart_add")


def events(shoppers: int, each: int, since_ms: int | None = None) -> list[ShopperEvent]:
    """Every shopper does `each` things, in turns."""
    began_ms = since_ms or time.time_ns() // 1_000_000
    return [
        ShopperEvent(
            event_id=f"e{turn}-{who}",
            shopper_id=f"shopper-{who}",
            action=ACTIONS[turn % len(ACTIONS)],
            time_ms=began_ms + turn,
            items=(KETTLES[turn % len(KETTLES)],),
        )
        for turn in range(each)
        for who in range(shoppers)
    ]


def partition_of(shopper_id: str, partitions: int) -> int:
    """Where these tests put a shopper; any function of the shopper will do."""
    return sum(shopper_id.encode()) % partitions


async def send(kafka: Kafka, topic: str, partitions: int, what: Sequence[ShopperEvent]) -> dict[str, int]:
    """Send events keyed by shopper; returns the offset of each shopper's last one, the topic being empty before."""
    by_partition: dict[int, list[ShopperEvent]] = {}
    last: dict[str, int] = {}
    for event in what:
        place = by_partition.setdefault(partition_of(event.shopper_id, partitions), [])
        last[event.shopper_id] = len(place)
        place.append(event)
    for partition, some in by_partition.items():
        keys = [event.shopper_id.encode() for event in some]
        await kafka.produce(topic, map(encode, some), partition=partition, keys=keys)
    return last


async def until(holds: Callable[[], Awaitable[bool]], within_s: float = 60.0) -> None:
    """Wait until something holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in another process
            await asyncio.sleep(0.3)
