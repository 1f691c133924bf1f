"""Faults: what goes wrong on the way from a shop to Kafka, on purpose and in known shares. Pure and seeded."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from random import Random

from sandbox.shop.timeline import Timed
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow
from streams.events.times import EARLIEST_MS

BREAKS: Sequence[Callable[[bytes, bytes], BadRow]] = (
    lambda key, value: BadRow(key, value[: len(value) // 2]),
    lambda key, _: BadRow(key, b"<html>502 Bad Gateway</html>"),
    lambda key, value: BadRow(key, value.replace(b'"action":"', b'"action":"x')),
    lambda key, value: BadRow(key, value.replace(b'"time_ms":', b'"time_ms":-1,"was":')),
    lambda key, value: BadRow(key, value.replace(b'"event_id":', b'"id":')),
    lambda key, value: BadRow(key + b"-other", value),
)
"""From a key and an encoded event to a record that must be refused: cut off, an error page, an unknown action,
a time before time began, a missing field, and the key of somebody else."""


def spoil(
    timeline: Iterable[Timed], seed: int, *, bad: float = 0.0, twice: float = 0.0, late: float = 0.0
) -> Generator[Timed]:
    """Replace the share `bad` by broken records, send the share `twice` twice, and set the event time of the share
    `late` back by up to a minute, as if they had been under way for that long."""
    random = Random(seed)
    for at_s, event in timeline:
        if isinstance(event, BadRow):
            yield at_s, event
        elif random.random() < bad:
            dated = replace(event, time_ms=max(event.time_ms, EARLIEST_MS))  # nobody will date it
            yield at_s, random.choice(BREAKS)(event.shopper_id.encode(), encode(dated))
        else:
            sent = _later(random, event) if random.random() < late else event
            yield at_s, sent
            if random.random() < twice:
                yield at_s, sent


def _later(random: Random, event: ShopperEvent) -> ShopperEvent:
    return replace(event, time_ms=max(0, event.time_ms - random.randrange(60_000)))
