"""Penchant's transport and decoder in a bare Faust agent: what a worker does to an event before anything is owed."""

import asyncio
import tempfile
from pathlib import Path

import faust
from folding import Folding

from penchant.process.collector import CollectorRules, collect
from streams.events.decoding import Decoder
from streams.kafka.batches import TP, Poll
from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running
from streams.kafka.options import KafkaOptions

folding = Folding()


class NoOffsets:
    """Nothing is ever committed, as by a worker that has covered nothing yet."""

    def assigned(self, tp: TP, epoch: int) -> None: ...

    def revoked(self, tp: TP) -> None: ...

    def expired(self, tp: TP, first: int, end: int) -> None: ...

    def committable(self, tp: TP, epoch: int) -> int | None: ...


async def main() -> None:
    """Validate and fold."""
    with tempfile.TemporaryDirectory() as folder:
        group = KafkaGroup(KafkaOptions(folding.bootstrap), folding.group, Path(folder))
        app = make_app(group, folding.topic, NoOffsets())
        decoder = Decoder()

        @app.agent(event_topic(app, folding.topic))
        async def enrich(stream: faust.StreamT[Poll]) -> None:
            async for poll in stream:
                for batch in poll.batches:
                    folding.begin()
                    for offset, timestamp_ms, event in decoder.decode(batch.records).events:
                        folding.event(event, offset, timestamp_ms)

        async with running(app):
            await collect(quiet=lambda: False, rules=CollectorRules())


if __name__ == "__main__":
    asyncio.run(main())
