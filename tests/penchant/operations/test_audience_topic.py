"""An audience from the topic of intents: the last record of each shopper counts."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
from msgspec import structs

from penchant.console.service import console
from penchant.operations.audience import Listing, audience
from penchant.settings.kafka import Kafka
from penchant.settings.root import Settings
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.redis_rules import RedisRules
from streams.errors import BrokerUnavailable, SettingInvalid, TopicMissing
from streams.events.privacy import PrivacyRules
from streams.records.cards import Segment
from streams.records.history import Readable
from streams.records.intents import Mission
from tests.agents.match.intents import KETTLE
from tests.agents.match.test_audience import wanting
from tests.kafka import Kafka as Broker

pytestmark = pytest.mark.redis

GIFT = Segment(mission="gift")
KETTLES, SHOES = "home/kitchen/kettles", "sport/shoes"


def record(shopper: str, category: str = KETTLES, mission: str = "other", *, ended: bool = False) -> bytes:
    """An intent as workers send it; its shopper agreed to advertising."""
    told = wanting(category, shopper, mission=Mission(label=mission))
    now_ms = round(time.time() * 1e3)
    agreed = structs.replace(told, purposes=("advertising",))
    return Readable(agreed, now_ms, now_ms + (-1 if ended else 3_600_000)).dump()


@pytest.fixture
async def settings(redis_server: RedisServer, mock_kafka: MockKafka) -> AsyncIterator[Settings]:
    """A topic of two partitions in which 60 shoppers are after kettles, 55 of them for a gift; before that all of them
    were after shoes. Of five more the last record is an erasure, shoes, an end, none that can be read, or in vain."""
    name = f"audience-{uuid4().hex[:12]}"
    broker = Broker(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    await mock_kafka.create_topic(name, 2)
    lasting = [(f"s-{at}", record(f"s-{at}", mission="gift" if at < 55 else "other")) for at in range(60)]
    gone: list[tuple[str, bytes | None]] = [
        ("erased", None), ("elsewhere", record("elsewhere", SHOES)), ("ended", record("ended", ended=True)),
        ("broken", b"{"),
    ]  # fmt: skip
    before = [(shopper, record(shopper, SHOES)) for shopper, _ in lasting] + [
        (shopper, record(shopper)) for shopper, _ in gone
    ]
    for number in (0, 1):
        said = [each for at, each in enumerate([*before, *lasting, *gone]) if _home(each[0]) == number]
        await broker.produce(
            name, [value for _, value in said], keys=[key.encode() for key, _ in said], partition=number
        )
    async with connect(redis_server.url) as redis:
        await RedisCards(redis, Keys(name), 5.0).write({"sku-1": KETTLE.model_copy(update={"segments": (GIFT,)})})
        yield Settings(
            kafka=Kafka(bootstrap=mock_kafka.address, intents_topic=name),
            redis=RedisRules(url=redis_server.url, namespace=name),
            privacy=PrivacyRules(audience_ids=True),
        )
        await redis.delete(*await redis.keys(f"{name}:*"))


def _home(shopper: str) -> int:
    return sum(shopper.encode()) % 2


async def test_the_last_record_of_each_shopper_counts(settings: Settings) -> None:
    """A tombstone, other wishes, an end and what cannot be read take the place of what was before; the cost is told."""
    found = await audience(settings, "sku-1", 1_000, Listing("vera", "sale"), source="topic")
    report = found.report()
    assert (report["shoppers"], report["segments"]) == (60, [{"mission": "gift", "shoppers": 55}])
    assert (report["source"], report["looked_at"], report["whole"]) == ("topic", 128, True)
    assert (report["ended"], report["unreadable"]) == (1, 1)
    assert report["read_bytes"] > 0
    assert sorted(report["ids"]) == sorted(f"s-{at}" for at in range(60))


async def test_a_bound_takes_the_newest(settings: Settings) -> None:
    """Of each partition its share; and says that there were more."""
    found = await audience(settings, "sku-1", 60, source="topic")
    assert (found.cost.looked_at, found.cost.whole) == (60, False)
    assert 50 <= len(found.audience.shoppers) <= 60


async def test_what_is_not_there_is_said(settings: Settings) -> None:
    """No topic in the settings, none in Kafka, no Kafka."""

    async def asked(kafka: Kafka) -> None:
        await audience(settings.model_copy(update={"kafka": kafka}), "sku-1", 10, source="topic")

    with pytest.raises(SettingInvalid, match="no topic of intents"):
        await asked(replace(settings.kafka, intents_topic=None))
    with pytest.raises(TopicMissing, match="no topic nothing-here"):
        await asked(replace(settings.kafka, intents_topic="nothing-here"))
    with pytest.raises(BrokerUnavailable):
        await asked(replace(settings.kafka, bootstrap="127.0.0.1:9"))


async def test_the_console_asks_it_where_somebody_wants_it(settings: Settings) -> None:
    """A box of the form, which is there where the topic is set."""
    async with console(settings) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        assert "from the topic of intents" in (await client.get("/audience")).text
        shown = (await client.get("/audience?product=sku-1&topic=on")).text
        assert "60 shoppers are after" in shown
        assert "Of 128 records of the topic of intents" in shown
        assert "Of 0 live intents" in (await client.get("/audience?product=sku-1")).text
