"""Apache Flink's async I/O: with a call for each event, and with Penchant's Java clients."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import environments, scarce_calls
from benchmarks.jvm import FLINK
from benchmarks.servers import servers
from penchant.serve.service import serving
from penchant.settings.root import Settings
from storage.connection import connect
from storage.intents import hot_fields
from storage.keys import Keys
from tests.agents.match.intents import of_session
from tests.penchant.serve.conftest import settings  # noqa: F401 (a fixture)
from tests.prompts import shoppers

WITHIN_S = 300.0
PLAN = scarce_calls.ScarcePlan(events=8_000, shoppers=300, rounds=1, partitions=4)


@pytest.fixture(scope="module", autouse=True)
async def compiled(anyio_backend: str) -> None:
    """The classes are there."""
    assert await FLINK.install() is None


@pytest.mark.kafka
@pytest.mark.redis
async def test_flink_ends_with_the_topic_and_calls_for_each_event(tmp_path: Path) -> None:
    """By fewer calls, every shopper of Penchant has a model's intent in Redis of their last event that asked."""
    async with servers(tmp_path) as stage:
        rows = await scarce_calls.measure(PLAN, stage, tmp_path, (scarce_calls.PENCHANT, scarce_calls.FLINK), print)
    assert rows["flink"]["calls"] > 0.9 * PLAN.events
    assert rows["penchant"]["calls"] < rows["flink"]["calls"] / 2
    assert rows["penchant"]["fresh"] == PLAN.shoppers
    assert rows["flink"]["fresh"] > 0


@pytest.mark.redis
async def test_the_java_clients_work_in_flinks_async_io(settings: Settings) -> None:  # noqa: F811 (the fixture)
    """Every shopper has a row: the known one with stage and order, the unknown one without."""
    redis = (settings.redis.url, settings.redis.namespace)
    intent = of_session(shoppers.shopper(("view", shoppers.KETTLE)))
    async with connect(redis[0]) as client:
        stored: dict[Any, Any] = hot_fields(intent) | {"position": "0:1:0"}
        await client.hset(Keys(redis[1]).intent("ada"), mapping=stored)
    async with serving(settings) as url:
        command = FLINK.command("match.MatchJob", url, "-", *redis, "ada,nobody", "sku-9,sku-1,sku-5")
        status, printed, said = await environments.run(command, WITHIN_S)
    assert status == 0, said[-2_000:]
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in printed.splitlines() if "\t" in line}
    assert rows["ada"] == [intent.stage, "features", "sku-1 sku-5 sku-9"]
    assert sorted(rows["nobody"][2].split()) == ["sku-1", "sku-5", "sku-9"]
    assert rows["nobody"][0] == "absent"
