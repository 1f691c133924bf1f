"""A worker on a topic that holds several dialects at once, and envelopes in Kafka headers."""

import time
from collections.abc import Sequence

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from penchant_reader import AsyncIntentReader

from benchmarks.dialect_records import ga4, ga4_export, headers, segment, snowplow
from penchant.worker.app import worker
from streams.events.decoding import encode
from streams.events.event import Action, Item, ShopperEvent
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import until
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis]

KETTLE = Item("k1", "Quiet kettle", "home/kettles", "Brivane", 30.0, "EUR")
ACTIONS: Sequence[Action] = ("view", "click", "view", "cart_add")
Sent = tuple[bytes, bytes, list[tuple[str, bytes]]]


def records_of(shopper: str) -> list[Sent]:
    """What a shopper does, in that shopper's dialect: key, value and headers."""
    now_ms = time.time_ns() // 1_000_000
    events = [
        ShopperEvent(f"{shopper}-{number}", shopper, action, now_ms + number, (KETTLE,))
        for number, action in enumerate(ACTIONS)
    ]
    if shopper == "one-request":
        request = ga4(events[0]) | {"events": [ga4(event)["events"][0] for event in events]}
        return [(shopper.encode(), orjson.dumps(request), [])]
    if shopper == "enveloped":
        return [(shopper.encode(), orjson.dumps(segment(event)), list(headers(event))) for event in events]
    if shopper == "native":
        return [(shopper.encode(), encode(event), []) for event in events]
    tell = {"segment": segment, "ga4": ga4, "exported": ga4_export, "snowplow": snowplow}[shopper]
    return [(shopper.encode(), orjson.dumps(tell(event)), []) for event in events]


SHOPPERS = ("native", "segment", "ga4", "exported", "snowplow", "enveloped", "one-request")


async def test_shoppers_of_every_dialect_get_their_intents(broker: Kafka, make_settings: MakeSettings) -> None:
    """The same four events in seven forms make the same intent, all of one record's too; duplicates are known."""
    topic = await broker.topic(1)
    settings = make_settings(broker, topic, "localhost:1", kafka={"dialect": "auto"})
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    try:
        for shopper in SHOPPERS:
            for key, value, own in records_of(shopper) * (2 if shopper == "segment" else 1):
                await producer.send_and_wait(topic, value, key=key, headers=own)
        await producer.send_and_wait(topic, b'{"type":"page","messageId":"m","anonymousId":"segment"}', key=b"segment")
    finally:
        await producer.stop()
    model = ScriptedModel('{"m":"gift","c":[[1,9]],"k":9,"e":[1]}')
    reader = AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2)
    async with worker(settings, model=model) as running, reader:

        async def all_there() -> bool:
            intents = await reader.get_many(list(SHOPPERS), fields="doc")
            return all(intent.doc.get("window", {}).get("events") == len(ACTIONS) for intent in intents)

        await until(all_there)
        intents = await reader.get_many(list(SHOPPERS), fields="doc")
        assert {(intent.category, intent.brand, intent.stage) for intent in intents} == {
            ("home/kettles", "Brivane", intents[0].stage)
        }
        assert running.meter.ignored >= 1  # a rebalance reads again
        assert running.meter.dead_letters == 0
        assert running.meter.duplicates >= len(ACTIONS) - 1
