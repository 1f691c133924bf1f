"""penchant products run as people call it, and when it is killed."""

import asyncio
import json
import signal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from penchant.offline.products.run import publishing
from penchant.settings.root import Settings
from sandbox.servers.openai import OpenAIServer
from sandbox.servers.redis import RedisServer
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from storage.knowledge import RedisKnowledge
from streams.records.cards import Card
from streams.records.products import Understood
from tests.lacks import DATA, needs
from tests.penchant.commands import Command, run

TITLES = "product_titles.csv"
COLUMNS = 'id = "item_id"\ntitle = "title"\n'
ROWS, AT_ONCE = 400, 4


@pytest.mark.redis
async def test_cards_and_lines_are_where_prompts_and_matches_read_them(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """With --publish; the report is one JSON object."""
    keys = Keys(f"products-{uuid4().hex[:12]}")
    lines = ["id,title,description,category,brand,price", "sku-1,Kettle,Blue and quiet,home/kettles,Tarn,9.5", ",x,,,,"]
    (tmp_path / "catalogue.csv").write_text("\n".join(lines), encoding="utf-8")
    variables = {"REDIS__URL": redis_server.url, "REDIS__NAMESPACE": keys.namespace}
    asked = ("products", "run", "--in", "catalogue.csv", "--out", "out", "--simulated", "--publish", "--json")
    ended = await run(tmp_path, variables, *asked)
    assert ended.status == 0, ended.err
    assert (ended.report["products"], ended.report["rejected"], ended.report["calls"]) == (1, 1, 1)
    async with connect(redis_server.url) as client:
        known = await RedisCards(client, keys, 5.0).known("nobody", ["sku-1"])
        assert await RedisKnowledge(client, keys, 5.0).lines(["sku-1"]) == ["color blue, feature quiet"]
    card = known.cards["sku-1"]
    assert (card.category, card.price, card.code) == ("home/kettles", 9.5, "kettles Tarn 10 blue quiet")


@pytest.mark.redis
async def test_a_campaign_that_is_over_takes_no_line_of_the_shops_own(redis_server: RedisServer) -> None:
    """A product that has nothing else to say is one without a line."""
    keys = Keys(f"products-{uuid4().hex[:12]}")
    settings = Settings.model_validate({"redis": {"url": redis_server.url, "namespace": keys.namespace}})
    over = Understood("sku-1", (), (), Card(), "campaign A until 2020-01-01T00:00Z")
    async with connect(redis_server.url) as client, publishing(settings) as publish:
        await client.set(keys.knowledge("sku-1"), "made by hand")
        await publish([over])
        assert await RedisKnowledge(client, keys, 5.0).lines(["sku-1"]) == ["made by hand"]


@pytest.mark.slow
@needs(TITLES)
async def test_real_titles_in_one_pass(tmp_path: Path) -> None:
    """Every row once, every quote from its own title, and a second run without a call."""
    (tmp_path / "columns.toml").write_text(COLUMNS, encoding="utf-8")
    asked = ("products", "run", "--in", str(DATA / TITLES), "--columns", "columns.toml", "--out", "out", "--simulated")
    first, second = [await run(tmp_path, {}, *asked, "--json") for _ in range(2)]
    found = [json.loads(line) for line in (tmp_path / "out" / "products.jsonl").read_bytes().splitlines()]
    assert len({each["product"] for each in found}) == len(found) == first.report["products"] > 1_400
    assert first.report["calls"] == second.report["kept"] == len(found)
    assert second.report["calls"] == 0


@pytest.mark.slow
async def test_a_killed_job_goes_on(tmp_path: Path) -> None:
    """Killed at half: at most 1.02 passes of calls in all, no row lost, none twice."""
    rows = [json.dumps({"id": f"sku-{at}", "title": f"Kettle {at}, blue"}) for at in range(ROWS)]
    (tmp_path / "catalogue.jsonl").write_text("\n".join(rows), encoding="utf-8")
    asked = ["products", "run", "--in", "catalogue.jsonl", "--out", "out", "--at-once", str(AT_ONCE), "--json"]
    async with OpenAIServer(tmp_path) as server, httpx.AsyncClient() as client:
        asked += ["--model-url", server.url]
        async with Command(tmp_path, {}, *asked) as job, asyncio.timeout(90):
            await half_done(client, server.url)
            job.send(signal.SIGKILL)
            await job.ended()
        ended = await run(tmp_path, {}, *asked)
        calls = await opened(client, server.url)
    assert ended.status == 0, ended.err
    assert ended.report["kept"] >= ROWS / 2 - AT_ONCE
    assert calls <= ROWS * 1.02
    found = [json.loads(line)["product"] for line in (tmp_path / "out" / "products.jsonl").read_bytes().splitlines()]
    assert found == [f"sku-{at}" for at in range(ROWS)]


async def half_done(client: httpx.AsyncClient, url: str) -> None:
    """Wait until half of the rows were asked about."""
    while await opened(client, url) < ROWS / 2:  # noqa: ASYNC110 # another process knows
        await asyncio.sleep(0.02)


async def opened(client: httpx.AsyncClient, url: str) -> int:
    """How many calls the server was sent."""
    page = (await client.get(f"{url.removesuffix('/v1')}/metrics")).text
    return int(page.partition("penchant_simulated_requests_opened_total ")[2].split()[0])
