"""A worker process that commits as the tally says and tells so: `BOOTSTRAP TOPIC FOLDER HELD_OFFSET`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from streams.kafka.faust_app import KafkaGroup, event_topic, make_app, running
from streams.kafka.options import KafkaOptions
from tests.fakes.ledger import FakeLedger


async def main(bootstrap: str, topic: str, folder: str, held: int) -> None:
    ledger = FakeLedger(held={held})
    group = KafkaGroup(
        KafkaOptions(bootstrap), topic, Path(folder), session_timeout_s=6.0, heartbeat_interval_s=0.2, batch_records=50
    )
    app = make_app(group, topic, ledger)

    @app.agent(event_topic(app, topic))
    async def take(stream: Any) -> None:
        async for poll in stream:
            ledger.poll(poll)
            await app.consumer.commit()
            received = {tp.partition: ledger.offsets(tp) for tp in ledger.epochs}
            sys.stdout.write(
                json.dumps({partition: offsets[-1] for partition, offsets in received.items() if offsets}) + "\n"
            )
            sys.stdout.flush()

    async with running(app):
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
