"""The Faust agent of a worker: record batches in, offsets out of the ledger; calls and intents are made beside it."""

import asyncio
from collections.abc import AsyncIterable
from typing import Protocol

import faust

from streams.kafka.batches import TP, Poll, RecordBatch
from streams.kafka.faust_app import event_topic


class Takes(Protocol):
    """What the agent hands batches to: the enrichment."""

    async def take(self, batch: RecordBatch) -> None: ...


def add_agent(app: faust.App, topic: str, enrichment: Takes) -> None:
    """Let `app` hand all that is polled of `topic` to the enrichment.

    Raises, and so ends the worker, what `Enrichment.take` raises: a Stop.
    """

    @app.agent(event_topic(app, topic), name="enrich")
    async def enrich(polls: faust.StreamT[Poll]) -> None:
        # A message is all that one poll brought, since Faust's work for each message costs more than all of ours for an
        # event (streams/kafka/transport.py).
        await take_in(polls, enrichment)


async def take_in(polls: AsyncIterable[Poll], enrichment: Takes) -> None:
    """Have what each poll brought taken in, its partitions side by side; within one a batch follows the other.

    They begin in the same turn of the loop, so that all who have to load sessions share a round trip to the store.
    """
    running: dict[TP, asyncio.Task[None]] = {}
    try:
        async with asyncio.TaskGroup() as tasks:
            async for poll in polls:
                # In: each batch is decoded and folded in slices of about 2 ms, and whoever is due stands in the
                # backlog. While the store is away the batch is held, and its partition paused.
                waiting = []
                for batch in poll.batches:
                    if (before := running.get(batch.tp)) is None or before.done():
                        running[batch.tp] = tasks.create_task(enrichment.take(batch))
                    else:
                        waiting.append(batch)
                for batch in waiting:
                    await asyncio.wait({running[batch.tp]})
                    running[batch.tp] = tasks.create_task(enrichment.take(batch))
                # Out: nothing here waits for a model. Dispatch makes the calls (Enrichment.run), and a batch that was
                # taken is no batch that may be committed: the transport asks Enrichment.committable, and never Faust's
                # acks.
    except ExceptionGroup as group:
        raise group.exceptions[0] from group  # the first says why the worker ends
