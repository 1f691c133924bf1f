"""The Faust agent of a worker: record batches in, offsets out of the ledger; calls and intents are made beside it."""

import asyncio

import faust

from agents.worker.enrichment import Enrichment
from streams.kafka.batches import TP, RecordBatch
from streams.kafka.faust_app import event_topic


def add_agent(app: faust.App, topic: str, enrichment: Enrichment) -> None:
    """Let `app` hand every batch of `topic` to the enrichment.

    Raises, and so ends the worker, what `Enrichment.take` raises: a Stop.
    """

    @app.agent(event_topic(app, topic), name="enrich")
    async def enrich(batches: faust.StreamT[RecordBatch]) -> None:
        # A message is a whole record batch of one partition and epoch, since Faust's work for each message costs more
        # than all of ours for an event (streams/kafka/transport.py).
        # What one poll brought is taken in side by side, as each partition may have to load sessions first. Within a
        # partition one batch follows the other.
        running: dict[TP, asyncio.Task[None]] = {}
        try:
            async with asyncio.TaskGroup() as tasks:
                async for batch in batches:
                    # In: the batch is decoded and folded in slices of about 2 ms, and whoever is due stands in the
                    # backlog. While the store is away the batch is held, and its partition paused.
                    if batch.tp in running:
                        await asyncio.wait({running[batch.tp]})
                    running[batch.tp] = tasks.create_task(enrichment.take(batch))
                    # Out: nothing here waits for a model. Dispatch makes the calls (Enrichment.run), and a batch that
                    # was taken is no batch that may be committed: the transport asks Enrichment.committable, and never
                    # Faust's acks.
        except ExceptionGroup as group:
            raise group.exceptions[0] from group  # the first says why the worker ends
