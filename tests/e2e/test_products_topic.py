"""A topic of products that changes beside a running worker: the next prompt and the next match have it."""

import json
from pathlib import Path

import pytest

from clients.calls import Call, Completion
from penchant.operations.match import match, words
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.stand_in import StandIn
from streams.events.event import ShopperEvent
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.kafka import Kafka
from tests.penchant.commands import Command

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis]


class Listening(StandIn):
    """The simulated model of this process, which notes its prompts."""

    def __init__(self) -> None:
        super().__init__("this test starts no server")
        self.prompts: list[str] = []

    async def complete(self, call: Call) -> Completion:
        """As it does."""
        self.prompts.append(call.prompt)
        return await super().complete(call)


async def test_what_changes_in_the_shop_is_in_the_next_prompt_and_the_next_match(
    real_kafka: Kafka, make_settings: MakeSettings, tmp_path: Path
) -> None:
    """A text and a price, while worker and follower run; a product that is gone is not known any more."""
    topic, products = await real_kafka.topic(1), await real_kafka.topic(1, cleanup_policy="compact")
    sections = {"knowledge": {"enabled": True, "hold_s": 0, "timeout_ms": 1_000}, "prompt": {"version": "v2"},
                "kafka": {"products_topic": products}}  # fmt: skip
    settings, model = make_settings(real_kafka, topic, "http://127.0.0.1:9/v1", **sections), Listening()
    variables = {"KAFKA__BOOTSTRAP": real_kafka.bootstrap, "KAFKA__PRODUCTS_TOPIC": products,
                 "REDIS__URL": settings.redis.url, "REDIS__NAMESPACE": settings.redis.namespace}  # fmt: skip
    told = events(1, 12)

    async def say(row: dict[str, object] | None) -> None:
        await real_kafka.produce(products, [json.dumps(row).encode() if row else None], keys=[b"k0"])

    async def asked(with_words: str, what: list[ShopperEvent]) -> None:
        """Events are sent until a prompt has the words: what is held of a product is read when a call is due."""

        async def has() -> bool:
            if what:
                await send(real_kafka, topic, 1, [what.pop(0)])
            return any(with_words in prompt for prompt in model.prompts)

        await until(has)

    row: dict[str, object] = {"title": "Kettle", "category": "home/kitchen/kettles", "brand": "Brivane"}
    follow = ("products", "follow", "--out", "out", "--simulated")
    async with worker(settings, model), Command(tmp_path, variables, *follow):
        await say(row | {"description": "Blue.", "price": 30})
        await until(lambda: speaks(settings, '"card": true'))
        await asked("color blue", told[:6])
        await until(lambda: speaks(settings, "within your range"))
        await say(row | {"description": "Red.", "price": 99})
        await until(lambda: speaks(settings, "above your range"))
        await asked("color red", told[6:])
        await say(None)
        await until(lambda: speaks(settings, "have no card"))
        assert not await speaks(settings, "above your range")


async def speaks(settings: Settings, phrase: str) -> bool:
    """Whether a match of the product says so, in its reasons or notes."""
    found = await match(settings, "shopper-0", ["k0"])
    return phrase in json.dumps(found.report(words(settings, "en")))
