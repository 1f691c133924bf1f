"""Hostile titles on the whole way: Kafka, worker, a real tritonserver whose model obeys them, Redis."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from penchant_reader import AsyncIntentReader

from penchant.worker.app import worker
from sandbox.servers import triton
from sandbox.servers.kafka import MockKafka
from sandbox.servers.triton import TritonServer
from streams.events.event import ShopperEvent
from streams.sessions.positions import Position
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import send, until
from tests.injection.instructions import ENCODINGS, OWN, SHOWN
from tests.injection.pipeline import story
from tests.kafka import Kafka

MODEL = "tests.injection.models:parrot"
APART = ("shopper", "position", "as_of_ms", "written_at_ms", "waits", "attributes", "evidence")

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]


def twins() -> list[tuple[str, str]]:
    """A title for each shopper: hostile, and harmless for the one beside."""
    titles = [f"{SHOWN} {encode(OWN[at % len(OWN)])}"[:1_000] for at, encode in enumerate(ENCODINGS.values())]
    return [
        (f"{kind}-{at}", title) for at, hostile in enumerate(titles) for kind, title in (("x", hostile), ("y", SHOWN))
    ]


def visits(shoppers: Sequence[tuple[str, str]]) -> list[ShopperEvent]:
    """Everybody does the same, in turns."""
    now_ms = time.time_ns() // 1_000_000
    each = [story(shopper, now_ms, title, "kettle") for shopper, title in shoppers]
    return [
        replace(event, event_id=f"{event.shopper_id}-{event.event_id}")
        for turn in zip(*each, strict=True)
        for event in turn
    ]


async def test_a_hostile_title_moves_nothing_but_text_end_to_end(
    mock_kafka: MockKafka, make_settings: MakeSettings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Twenty shoppers, half of whom saw a title that takes the model over: what rankers read is equal but for text."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")
    broker = Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    topic, shoppers = await broker.topic(1), twins()
    async with TritonServer(tmp_path_factory.mktemp("obeys"), answer=MODEL) as obeys:
        settings = make_settings(broker, topic, obeys.grpc_address)
        last = await send(broker, topic, 1, visits(shoppers))
        async with (
            worker(settings),
            AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=2) as reader,
        ):

            async def all_there() -> bool:
                intents = await reader.get_many(list(last))
                return [intent.position for intent in intents] == [str(Position(0, offset)) for offset in last.values()]

            await until(all_there)
            intents = dict(zip(last, await reader.get_many(list(last), fields="doc"), strict=True))
    for at in range(len(ENCODINGS)):
        hostile, benign = (dict(intents[f"{kind}-{at}"].doc) for kind in "xy")
        assert hostile["source"] == benign["source"] == "model"
        assert len(hostile["mission"]["text"]) <= 140
        assert {event_id.rpartition("-")[2] for event_id in hostile["evidence"]} <= {f"{number}" for number in range(8)}
        assert _comparable(hostile) == _comparable(benign)


def _comparable(doc: dict[str, Any]) -> dict[str, Any]:
    """The intent without its text, and without what tells one shopper from another.

    Nor with the evidence: an answer that rambles is cut off before it comes to that, and the rules' stands.
    """
    ours = {name: value for name, value in doc.items() if name not in APART}
    ours["mission"], ours["window"] = doc["mission"]["label"], doc["window"]["events"]
    return ours
