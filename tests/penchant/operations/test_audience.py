"""penchant products audience as people call it: counts, what ids need, and what the activity log keeps."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec import structs

from penchant.operations.audience import Found, Listing, audience
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.activity import read_activity
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.redis_rules import RedisRules
from streams.errors import SettingInvalid
from streams.events.privacy import PrivacyRules
from streams.records.cards import Card, Segment
from streams.records.intents import Mission
from tests.agents.match.intents import KETTLE
from tests.agents.match.test_audience import wanting
from tests.penchant.commands import run

pytestmark = pytest.mark.redis

OPEN = PrivacyRules(audience_ids=True)
CARD = KETTLE.model_copy(update={"segments": (Segment(mission="gift"),)})


@pytest.fixture
async def settings(redis_server: RedisServer) -> AsyncIterator[Settings]:
    """A namespace in which a kettle interests 80 shoppers; 60 agreed to advertising, 20 look for a gift."""
    keys = Keys(f"audience-{uuid4().hex[:12]}")
    async with connect(redis_server.url) as redis:
        test = Card(category="health/self-tests", brand="Fernhill", code="HIV self test")
        await RedisCards(redis, keys, 5.0).write({"sku-1": CARD, "sku-2": test, "sku-3": Card(brand="Ridge")})
        for at in range(90):
            mission = Mission(label="gift" if at < 20 else "other")
            told = wanting("home/kitchen/kettles" if at < 80 else "sport/shoes", f"s-{at}", mission=mission)
            agreed = structs.replace(told, purposes=("advertising",) if at < 60 else ())
            await redis.hset(keys.intent(f"s-{at}"), "doc", agreed.dump())
        await redis.hset(keys.intent("broken"), "doc", "{")
        yield Settings(redis=RedisRules(url=redis_server.url, namespace=keys.namespace))
        await redis.delete(*await redis.keys(f"{keys.namespace}:*"))


async def listed(settings: Settings, product: str = "sku-1", rules: PrivacyRules = OPEN) -> Found:
    """Ids are asked for."""
    return await audience(settings.model_copy(update={"privacy": rules}), product, 1_000, Listing("vera", "sale"))


@pytest.mark.slow
async def test_the_command_tells_counts_and_cost(settings: Settings, tmp_path: Path) -> None:
    """As JSON and as a table, in which a small count reads as such; a bound on the scan is said."""
    variables = {"REDIS__URL": settings.redis.url, "REDIS__NAMESPACE": settings.redis.namespace}
    told = await run(tmp_path, variables, "products", "audience", "sku-1", "--json")
    assert told.status == 0, told.err
    report = told.report
    assert (report["shoppers"], report["segments"]) == (80, [{"mission": "gift", "shoppers": None}])
    assert (report["looked_at"], report["unreadable"], report["whole"]) == (91, 1, True)
    assert report["read_bytes"] > 0
    assert "ids" not in report
    shown = await run(tmp_path, variables, "products", "audience", "sku-1", "--most", "60")
    assert "under 50" in shown.out
    assert "looked at 60 intents, the first that there are" in shown.out


async def test_a_bound_that_was_not_reached_leaves_nothing_out(settings: Settings) -> None:
    """By keys of any kind, as the console asks, and by intents."""
    assert (await audience(settings, "sku-1", 1_000, visited=1_000_000)).cost.whole
    assert not (await audience(settings, "sku-1", 1_000, visited=5)).cost.whole
    assert not (await audience(settings, "sku-1", 60)).cost.whole


async def test_ids_are_those_who_agreed_and_the_log_keeps_the_list(
    settings: Settings, redis_server: RedisServer
) -> None:
    """By who, product, number and reason, and no shopper."""
    found = await listed(settings)
    assert sorted(found.ids or ()) == sorted(f"s-{at}" for at in range(60))
    async with connect(redis_server.url) as redis:
        [entry] = await read_activity(redis, Keys(settings.redis.namespace), 5.0, 9)
    assert (entry.kind, entry.name, entry.value) == ("audience", "sku-1", "60 ids")
    assert (entry.who, entry.why) == ("vera", "sale")


@pytest.mark.parametrize(
    ("product", "rules", "fault"),
    [
        ("sku-1", PrivacyRules(), "these settings list no ids"),
        ("sku-2", OPEN, "sku-2 is sensitive"),
        ("sku-1", PrivacyRules(audience_ids=True, drop=("category:home/kitchen",)), "sku-1 is sensitive"),
        ("sku-3", OPEN, "the card of sku-3 has no category"),
        ("sku-9", OPEN, "sku-9 has no card"),
        ("a{b}", OPEN, "the product's id"),
    ],
)
async def test_ids_are_refused(
    settings: Settings, redis_server: RedisServer, product: str, rules: PrivacyRules, fault: str
) -> None:
    """Where settings or product do not allow them; then nothing is logged."""
    with pytest.raises(SettingInvalid, match=fault):
        await listed(settings, product, rules)
    async with connect(redis_server.url) as redis:
        assert await read_activity(redis, Keys(settings.redis.namespace), 5.0, 9) == []


async def test_few_who_agreed_are_not_listed(settings: Settings, redis_server: RedisServer) -> None:
    """Nor is their number told."""
    keys = Keys(settings.redis.namespace)
    async with connect(redis_server.url) as redis:
        await redis.delete(*(keys.intent(f"s-{at}") for at in range(11)))
        with pytest.raises(SettingInvalid, match="fewer than 50"):
            await listed(settings)
        assert await read_activity(redis, keys, 5.0, 9) == []
