"""A worker that drains a topic and calls a model: `python -m benchmarks.calling_worker EVENTS CORE SETTINGS`.

SETTINGS is JSON and names the model. Prints its figures as one JSON object, once nobody is owed a call.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from benchmarks.full_worker import WITHIN_S, Clocks, print_figures, taken_in, until
from penchant.process.collector import CollectorRules, collect
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from storage.connection import Client, ask, connect
from storage.keys import Keys
from streams.sessions.positions import Position

READ_WITHIN_S = 60.0


async def measure(settings: Settings, events: int) -> dict[str, Any]:
    """From the first event taken in until every shopper has the answer to their last event that asked."""
    async with worker(settings) as running, asyncio.timeout(WITHIN_S):
        beside = asyncio.create_task(collect(quiet=lambda: not running.backlog.waiting(), rules=CollectorRules()))
        await until(lambda: taken_in(running) > 0)
        began = Clocks.read()
        await until(lambda: answered(running, events))
        spent = Clocks.read().since(began)
        beside.cancel()
        asked = last_asked(running)
        async with connect(settings.redis.url) as client:
            answered_last = await fresh(client, Keys(settings.redis.namespace), asked)
        return {
            "events": events,
            "calls": running.meter.calls,
            "shoppers": len(asked),
            "fresh": answered_last,
            "rules_intents": running.meter.rules_intents,
            "seconds": spent.wall_s,
            "cpu_s": spent.cpu_s,
        }


def answered(running: Worker, events: int) -> bool:
    """Whether all was taken in, and nobody waits for a call, an answer or a write."""
    return taken_in(running) >= events and not len(running.backlog) and running.enrichment.settled


def last_asked(running: Worker) -> dict[str, int]:
    """By shopper the offset of the last event that asked for a call, for those who have one."""
    everybody = (who for partition in running.enrichment.partitions.values() for who in partition.shoppers.values())
    return {who.id: who.session.meaningful for who in everybody if who.session.meaningful >= 0}


async def fresh(client: Client, keys: Keys, asked: Mapping[str, int]) -> int:
    """How many of these shoppers have a model's intent in Redis that knows their last event that asked."""
    commands = [("HMGET", keys.intent(shopper), "source", "position") for shopper in asked]
    stored = await ask(client, commands, READ_WITHIN_S)
    return sum(
        source == b"model" and bool(position) and Position.parse(position.decode()).offset >= offset
        for (source, position), offset in zip(stored, asked.values(), strict=True)
    )


if __name__ == "__main__":
    print_figures(measure)
