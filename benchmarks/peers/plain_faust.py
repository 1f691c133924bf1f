"""A plain Faust agent: one message an event, as its documentation has it, with raw bytes and no tables."""

import tempfile

import faust
from faust.types import StreamT
from folding import Folding

folding = Folding()
folder = tempfile.TemporaryDirectory()
app = faust.App(
    folding.group,
    broker=f"kafka://{folding.bootstrap}",
    store="memory://",
    datadir=folder.name,
    broker_max_poll_records=1_000,
    stream_buffer_maxsize=16_384,
    stream_wait_empty=False,
    table_standby_replicas=0,
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
)
events = app.topic(folding.topic, key_serializer="raw", value_serializer="raw")


@app.agent(events)
async def enrich(stream: StreamT[bytes]) -> None:
    """Validate and fold."""
    async for event in stream.events():
        folding.value(event.value, event.message.offset, int(event.message.timestamp * 1e3))


if __name__ == "__main__":
    app.loop.run_until_complete(app.start())
    app.loop.run_forever()
