"""Intents to measure with, and a process that writes them: `python -m benchmarks.intents URL RATE SHOPPERS`.

It writes at a steady rate through the service's own script until it is ended, then prints what it has written.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from penchant.process.signals import stop_signals
from storage.checkpoints import Context, Write
from storage.connection import connect
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.records.intents import Attribute, Avoid, Intent, Mission, NextAction, PriceBand, Weighted, Window
from streams.sessions.positions import Position

TICK_S = 0.005
STORE_S = 10.0
DAY_MS = 86_400_000
SESSION = bytes(range(200)) * 4
"""As long as the packed session of a shopper with twenty events."""


def shopper(number: int) -> str:
    """The shoppers' ids."""
    return f"shopper-{number:07d}"


def write_of(number: int, offset: int, now_ms: int) -> Write:
    """A checkpoint with an intent of ordinary size."""
    name, position = shopper(number), Position(1, offset)
    intent = Intent(
        shopper=name,
        mission=Mission(label="home-project", text="Compares quiet kettles of two makers below sixty, in steel."),
        stage="compare",
        categories=(Weighted(name="home/kitchen/kettles", weight=0.71), Weighted(name="home/kitchen/mugs", weight=0.2)),
        brands=(Weighted(name="Hario", weight=0.6), Weighted(name="Stagg", weight=0.3)),
        attributes=(Attribute(name="material", value="steel", weight=0.5),),
        price_band=PriceBand(low=35.0, high=60.0, currency="EUR"),
        avoid=(Avoid(kind="item", value=f"p{number % 900}", reason="removed"),),
        next_action=NextAction(view=0.5, search=0.1, cart=0.2, purchase=0.05, leave=0.15),
        confidence=0.74,
        evidence=tuple(f"e{offset + step}" for step in range(4)),
        window=Window(from_ms=now_ms - 900_000, to_ms=now_ms, events=20),
        as_of_ms=now_ms,
        written_at_ms=now_ms,
        source="model",
        model="measured",
        replica="model-1",
        prompt_version="v1",
        position=str(position),
    )
    return Write(Context(name, position, 0, "bench:1", SESSION), now_ms + DAY_MS, intent, now_ms + DAY_MS)


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer has come to."""

    intents: int
    seconds: float


async def fill(url: str, shoppers: int) -> None:
    """Write an intent for each shopper."""
    async with connect(url) as client:
        store = RedisCheckpoints(client, Keys(), STORE_S)
        for first in range(0, shoppers, 100):
            numbers = range(first, min(first + 100, shoppers))
            await store.write([write_of(number, 1, _now_ms()) for number in numbers])


async def keep_writing(url: str, per_second: float, shoppers: int, asked_to_end: asyncio.Event) -> Written:
    """One shopper after the other, in pipelines of what is due, until asked to end."""
    began_s, done = time.monotonic(), 0
    async with connect(url) as client:
        store = RedisCheckpoints(client, Keys(), STORE_S)
        while not asked_to_end.is_set():
            due = int((time.monotonic() - began_s) * per_second)
            await store.write(_next(done, due, shoppers))
            done = max(done, due)
            await asyncio.sleep(TICK_S)
    return Written(done, time.monotonic() - began_s)


def _next(done: int, due: int, shoppers: int) -> Sequence[Write]:
    return [write_of(at % shoppers, 2 + at // shoppers, _now_ms()) for at in range(done, due)]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _run(url: str, per_second: float, shoppers: int) -> Written:
    with stop_signals() as asked:
        return await keep_writing(url, per_second, shoppers, asked)


def main() -> None:
    """Write until ended, and print."""
    url, per_second, shoppers = sys.argv[1:]
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_run(url, float(per_second), int(shoppers)))))


if __name__ == "__main__":
    main()
