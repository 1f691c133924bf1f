"""Experiments through a whole worker: a real redis-server, Kafka, and a model of the test's."""

import time

import orjson
import pytest
from penchant_reader import AsyncIntentReader
from redis.asyncio import Redis

from agents.experiments.assignment import assign
from penchant.settings.root import Settings
from penchant.worker.app import worker
from sandbox.servers.kafka import MockKafka
from storage.keys import Keys
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import events, send, until
from tests.fakes.model import ScriptedModel
from tests.kafka import Kafka

SHOPPERS, EACH = 30, 5
ANSWER = '{"m":"gift","t":"A kettle for a friend","c":[[1,9]],"k":9,"e":[1]}'
TRIED = {
    "name": "lift",
    "arms": [
        {"name": "nothing", "percent": 40, "kind": "holdout"},
        {"name": "warm", "percent": 30, "temperature": 0.5},
    ],
}

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


async def test_a_holdout_has_no_live_key_and_commits_advance(
    mock_kafka: MockKafka, make_settings: MakeSettings
) -> None:
    """Its shoppers have a context at their last event and no intent; all offsets are committed; everybody else's
    intent says which arm they are in, and each arm's calls are what the arm says."""
    kafka = Kafka(mock_kafka.address, mock_kafka.describe(), mock_kafka)
    topic = await kafka.topic(1)
    settings = Settings.model_validate(
        {**make_settings(kafka, topic, "unused:1").model_dump(exclude_defaults=True), "experiments": [TRIED]}
    )
    last = await send(kafka, topic, 1, events(SHOPPERS, EACH))
    arms = {shopper: assign(settings.experiments, shopper).label for shopper in last}
    held = [shopper for shopper, arm in arms.items() if arm == "lift/nothing"]
    assert held
    assert set(arms.values()) == {"lift/nothing", "lift/warm", "lift/control"}
    model, namespace = ScriptedModel(ANSWER), settings.redis.namespace
    async with (
        worker(settings, model) as running,
        Redis.from_url(settings.redis.url) as redis,
        AsyncIntentReader(settings.redis.url, namespace=namespace, timeout_s=5) as reader,
    ):

        async def all_committed() -> bool:
            return await kafka.committed(settings.kafka.group, topic, 0) == SHOPPERS * EACH

        await until(all_committed, 120.0)
        for shopper, offset in last.items():
            context, intent = Keys(namespace).context(shopper), Keys(namespace).intent(shopper)
            assert int(await redis.hget(context, "offset") or -1) == offset
            assert await redis.exists(intent) == (shopper not in held)
        found = await reader.get_many([shopper for shopper in last if shopper not in held], fields="doc")
        assert {intent.shopper: intent.doc["arm"] for intent in found} == {
            shopper: arm for shopper, arm in arms.items() if shopper not in held
        }
        assert {call.shopper for call in model.calls}.isdisjoint(held)
        assert {(arms[call.shopper], call.temperature) for call in model.calls} == {
            ("lift/warm", 0.5),
            ("lift/control", 0.0),
        }
        assert running.instruments.outcomes.totals["lift", "nothing"]["withheld"] >= len(held)


@pytest.mark.slow
async def test_what_shoppers_were_shown_counts_by_arm(real_kafka: Kafka, make_settings: MakeSettings) -> None:
    """Also of a holdout; of what is no impression, and of whom nobody knows, nothing; and all of it is committed."""
    topic, shown = await real_kafka.topic(2), await real_kafka.topic(2)
    kafka = {"impressions_topic": shown, "impressions_group": f"{shown}-readers"}
    made = make_settings(real_kafka, topic, "unused:1", kafka=kafka).model_dump(exclude_defaults=True)
    settings = Settings.model_validate({**made, "experiments": [TRIED]})
    now_ms = time.time_ns() // 1_000_000
    last = await send(real_kafka, topic, 2, events(SHOPPERS, 2, now_ms - 10_000))
    told = [{"shopper_id": who, "products": ["k0", "k1"], "time_ms": now_ms - 20_000} for who in (*last, "eve")]
    async with worker(settings, ScriptedModel(ANSWER)) as running, Redis.from_url(settings.redis.url) as redis:

        async def stored() -> bool:
            keys = Keys(settings.redis.namespace)
            found = [await redis.hget(keys.context(who), "offset") for who in last]
            return [int(each or -1) for each in found] == list(last.values())

        await until(stored, 120.0)
        values = [*map(orjson.dumps, told), b"no json"]
        keys = [str(each["shopper_id"]).encode() for each in told] + [b"ada"]
        await real_kafka.produce(shown, values, keys=keys, timestamp_ms=now_ms - 3_600_000)

        async def counted() -> bool:
            return await real_kafka.committed(f"{shown}-readers", shown, 0) == len(values)

        await until(counted, 120.0)
        totals, meter = running.instruments.outcomes.totals, running.meter
        arms = [arm for (arm,) in (assign(settings.experiments, who).counted for who in last)]
        for arm in set(arms):
            assert totals[arm]["impressions"] == totals[arm]["clicked_through"] >= arms.count(arm)
            assert totals[arm]["products_opened"] == totals[arm]["products_shown"] == 2 * totals[arm]["impressions"]
        assert set(meter.impressions_left_out) == {"unknown", "json"}
