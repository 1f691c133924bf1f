"""A worker that drains a topic and calls a model: `python -m benchmarks.calling_worker EVENTS CORE SETTINGS`.

SETTINGS is JSON and names the model. Prints its figures as one JSON object, once nobody is owed a call.
"""

import asyncio
from typing import Any

from benchmarks.full_worker import WITHIN_S, Clocks, print_figures, taken_in, until
from penchant.process.collector import CollectorRules, collect
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker


async def measure(settings: Settings, events: int) -> dict[str, Any]:
    """From the first event taken in until every shopper has the answer to their last event that asked."""
    async with worker(settings) as running, asyncio.timeout(WITHIN_S):
        beside = asyncio.create_task(collect(quiet=lambda: not running.backlog.waiting(), rules=CollectorRules()))
        await until(lambda: taken_in(running) > 0)
        began = Clocks.read()
        await until(lambda: answered(running, events))
        spent = Clocks.read().since(began)
        beside.cancel()
        shoppers = sum(len(partition.shoppers) for partition in running.enrichment.partitions.values())
        return {
            "events": events,
            "calls": running.meter.calls,
            "shoppers": shoppers,
            "fresh": shoppers,
            "rules_intents": running.meter.rules_intents,
            "seconds": spent.wall_s,
            "cpu_s": spent.cpu_s,
        }


def answered(running: Worker, events: int) -> bool:
    """Whether all was taken in, and nobody waits for a call, an answer or a write."""
    return taken_in(running) >= events and not len(running.backlog) and running.enrichment.settled


if __name__ == "__main__":
    print_figures(measure)
