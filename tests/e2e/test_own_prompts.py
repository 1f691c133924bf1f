"""Another shop: a German grocer's vocabulary and prompt, from its events to what a ranker reads."""

import time
from typing import Any

import pytest
from penchant_reader import AsyncIntentReader

from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.triton import TritonServer
from streams.events.event import Action, Item, ShopperEvent
from tests.data.folders import GROCERIES
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import send, until
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.triton]

MILK = Item("m-1", "Haferdrink Bio 1 l", "getränke/pflanzendrinks", "Kornhof", 1.99, "EUR")
SAUSAGE = Item("w-1", "Bratwurst vegan", "kühlregal/würste", "Grünhof", 3.49, "EUR")


def event(number: int, action: Action, item: Item | None = None, query: str | None = None) -> ShopperEvent:
    """What one shopper did."""
    items = (item,) if item else ()
    return ShopperEvent(f"e{number}", "erika", action, time.time_ns() // 1_000_000 + number, items, query=query)


async def test_a_grocers_vocabulary_runs_end_to_end(
    kafka: Kafka, model_server: TritonServer, make_settings: MakeSettings
) -> None:
    """The mission and the signal are the grocer's, and the intent names template and digest."""
    topic = await kafka.topic(1)
    own = {"folder": str(GROCERIES), "version": "lebensmittel"}
    settings = make_settings(kafka, topic, model_server.grpc_address, prompt=own)
    done = [event(1, "search", query="grillfest heute"), event(2, "view", SAUSAGE), event(3, "view", MILK)]
    async with worker(settings):
        await send(kafka, topic, 1, done)
        await until(lambda: _served(settings))
    doc = await _doc(settings)
    assert (doc["source"], doc["mission"]["label"]) == ("model", "grillfest")
    assert doc["signals"] == {"urgency": 0.0, "gift": 0.0, "seasonal": 0.0, "eile": 0.8}
    assert doc["prompt_version"] == settings.prompts.template("lebensmittel").version
    assert doc["prompt_version"].startswith("lebensmittel@")


async def _doc(settings: Settings) -> dict[str, Any]:
    async with AsyncIntentReader(settings.redis.url, namespace=settings.redis.namespace, timeout_s=5) as reader:
        found = await reader.get("erika", fields="doc")
    return {} if found.missing else dict(found.doc)


async def _served(settings: Settings) -> bool:
    doc = await _doc(settings)
    return bool(doc) and doc["window"]["events"] == 3
