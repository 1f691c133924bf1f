"""A trace on the whole way: from a record's header through a worker to the model server and the collector."""

import time

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from penchant.worker.app import worker
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import until
from tests.fakes.canned_server import answer, canned
from tests.kafka import Kafka
from tests.penchant.telemetry.traces.test_exporting import collector

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.slow]

TRACE, SPAN, STATE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "congo=1,rojo=2"
KETTLE = Item("k1", "Quiet kettle", "home/kettles", "Brivane", 30.0, "EUR")
MODEL = {
    "data": [{"id": "tiny", "owned_by": "vllm"}],
    "choices": [{"message": {"content": '{"m":"gift","c":[[1,9]],"k":9,"e":[1]}'}, "finish_reason": "stop"}],
}


async def test_the_trace_of_a_click_ends_with_its_intent(kafka: Kafka, make_settings: MakeSettings) -> None:
    """The shop's span is the parent, the model server gets the same trace, and the collector has all of it."""
    heads: list[bytes] = []
    said = answer(200, orjson.dumps(MODEL), {b"Content-Type": b"application/json"})
    async with canned(said, heads) as model, collector() as (url, got):
        topic = await kafka.topic(1)
        traces = {"url": url, "share": 0.0}
        settings = make_settings(kafka, topic, f"{model}/v1", traces=traces)
        event = ShopperEvent("e1", "ada", "view", time.time_ns() // 1_000_000, (KETTLE,))
        async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
            carried = [("traceparent", f"00-{TRACE}-{SPAN}-01".encode()), ("tracestate", STATE.encode())]
            await producer.send_and_wait(topic, encode(event), key=b"ada", headers=carried)
        async with worker(settings) as running:

            async def made() -> bool:
                return running.meter.intents == 1

            await until(made)
    spans = [span for each in got for resource in each.resource_spans
             for scope in resource.scope_spans for span in scope.spans]  # fmt: skip
    assert {span.trace_id.hex() for span in spans} == {TRACE}
    (root,) = [span for span in spans if span.name == "intent"]
    (chat,) = [span for span in spans if span.name == "chat tiny"]
    assert root.parent_span_id.hex() == SPAN
    (asked,) = [head for head in heads if head.startswith(b"POST")]
    assert f"traceparent: 00-{TRACE}-{chat.span_id.hex()}-01".encode() in asked.lower()
    assert f"tracestate: {STATE}".encode() in asked.lower()
    (ingest,) = [span for span in spans if span.name == "ingest"]
    assert ingest.start_time_unix_nano == root.start_time_unix_nano
