"""Activity topic: every decision stands there once, in order, and a Kafka that is away holds up none."""

from dataclasses import replace
from uuid import uuid4

import orjson
import pytest

from penchant.operations.activity_topic import copy_activity
from penchant.operations.control import activity, note_shoppers, put_back, throw
from penchant.settings.root import Settings
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from streams.kafka.reader import TopicReader

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


async def entries(settings: Settings, topic: str) -> list[dict[str, object]]:
    """What the topic holds."""
    async with TopicReader(settings.kafka.options) as reader:
        log = await reader.log(topic)
        return [orjson.loads(record.value or b"null") async for _, some in reader.scan(log, {0: 0}) for record in some]


async def test_what_was_decided_stands_in_the_topic(mock_kafka: MockKafka, redis_server: RedisServer) -> None:
    """Switches thrown and put back, and what is done with shoppers, whose ids are not there; none twice."""
    name = f"activity-{uuid4().hex[:8]}"
    await mock_kafka.create_topic(name, 1)
    settings = Settings.model_validate(
        {"kafka": {"bootstrap": mock_kafka.address, "activity_topic": name},
         "redis": {"url": redis_server.url, "namespace": name, "timeout_s": 5.0}}
    )  # fmt: skip
    await throw(settings, "pause", "on", "ada", "a release")
    await put_back(settings, "pause", "ada")
    await note_shoppers(settings, "erasure", "erased", ["carla"], "pia")
    assert await copy_activity(settings) == 0
    told = await entries(settings, name)
    assert [(each["kind"], each["value"], each["who"]) for each in told] == [
        ("switch", "on", "ada"), ("switch", "clear", "ada"), ("erasure", "erased", "pia")
    ]  # fmt: skip
    assert all("carla" not in str(each) for each in told)
    assert [each["at_ms"] for each in told] == [each.at_ms for each in reversed(await activity(settings, 10))]


async def test_a_switch_works_while_kafka_is_away(mock_kafka: MockKafka, redis_server: RedisServer) -> None:
    """Its entry is copied later, with the next look at the log, before what came after."""
    name = f"activity-{uuid4().hex[:8]}"
    await mock_kafka.create_topic(name, 1)
    settings = Settings.model_validate(
        {"kafka": {"bootstrap": "127.0.0.1:9", "activity_topic": name},
         "redis": {"url": redis_server.url, "namespace": name, "timeout_s": 5.0}}
    )  # fmt: skip
    await throw(settings, "rules-only", "on", "ada")
    there = settings.model_copy(update={"kafka": replace(settings.kafka, bootstrap=mock_kafka.address)})
    assert len(await activity(there, 10)) == 1
    await put_back(there, "rules-only", "bob")
    assert [each["who"] for each in await entries(there, name)] == ["ada", "bob"]
