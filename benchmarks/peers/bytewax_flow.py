"""A Bytewax dataflow: batches of up to a thousand messages a partition, sessions in plain memory."""

from collections.abc import Iterable

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSourceMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main
from folding import Folding

folding = Folding()


def enrich(messages: list[KafkaSourceMessage[bytes, bytes]]) -> Iterable[None]:
    """Validate and fold."""
    for message in messages:
        folding.value(message.value, message.offset, message.timestamp[1])
    return ()


if __name__ == "__main__":
    flow = Dataflow("ingest")
    source = kop.input("events", flow, brokers=[folding.bootstrap], topics=[folding.topic], tail=True, batch_size=1_000)
    done = op.flat_map_batch("enrich", source.oks, enrich)
    op.inspect("nothing", done, lambda *_: None)
    run_main(flow)
