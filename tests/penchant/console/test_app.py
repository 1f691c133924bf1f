"""The console's pages over a real Redis: what they serve, to whom, and what they refuse."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from penchant.console.service import console
from penchant.front.identity import COOKIE
from penchant.front.tokens import digest
from penchant.operations.control import fleet_status, throw
from penchant.settings.root import Settings
from sandbox.servers.kafka import MockKafka
from sandbox.servers.redis import RedisServer
from tests.penchant.console.world import fleet, settings, store

PAGES = (
    "/",
    "/shopper",
    "/fleet",
    "/models",
    "/experiments",
    "/replays",
    "/jobs",
    "/audience",
    "/control",
    "/activity",
    "/settings",
)
EXPERIMENTS = [{"name": "new-model", "arms": [{"name": "canary", "percent": 1.0, "temperature": 0.5}]}]

pytestmark = pytest.mark.redis


async def post(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """As a form of the console's own page does."""
    page = (await client.get("/control")).text
    csrf = page.split('X-CSRF-Token": "')[1].split('"')[0]
    return await client.post(path, data=fields | {"csrf": csrf})


@asynccontextmanager
async def opened(given: Settings, token: str = "") -> AsyncIterator[httpx.AsyncClient]:
    """A client of a console that runs meanwhile."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with console(given) as address, httpx.AsyncClient(base_url=address, headers=headers, timeout=20) as client:
        yield client


async def heard(client: httpx.AsyncClient, path: str, until: str, last: str = "") -> str:
    """What a stream says up to a text; TimeoutError when it does not say it."""
    said = ""
    async with (
        asyncio.timeout(20),
        client.stream("GET", path, headers={"last-event-id": last} if last else {}) as answer,
    ):
        async for part in answer.aiter_text():
            said += part
            if until in said:
                break
    return said


async def test_every_page_is_served_with_nothing_there(redis_server: RedisServer) -> None:
    """An empty Redis, no workers, nobody known."""
    async with opened(settings(redis_server.url)) as client:
        for path in (*PAGES, "/shopper?id=nobody", "/points", "/static/style.css"):
            answer = await client.get(path)
            assert answer.status_code == 200, path
        assert "nothing is known of this shopper" in (await client.get("/shopper?id=nobody")).text.lower()
        assert "No worker is alive" in (await client.get("/")).text


async def test_a_stream_says_all_and_then_what_changed(redis_server: RedisServer) -> None:
    """A switch shows within two looks, and whoever comes back hears of what was missed alone."""
    given = settings(redis_server.url)
    async with opened(given) as client:
        first = await heard(client, "/stream/", "event: beat")
        assert "event: flow" in first
        last = first.split("id: ")[1].split()[0]
        await throw(given, "rules-only", "on", "ada")
        said = await heard(client, "/stream/", "Rules only", last)
        assert "by ada" in said
        assert said.startswith("retry: ")


async def test_a_hostile_name_is_text(redis_server: RedisServer) -> None:
    """Of a worker, a switch's author, a shopper: on pages and in streams."""
    evil, given = "<script>alert(1)</script>", settings(redis_server.url)
    await throw(given, "pause", "on", evil)
    async with fleet(given, version=evil, prompt=evil, away={"kafka": evil}), opened(given) as client:
        for path in ("/", "/fleet", "/models", "/shopper?id=" + evil, "/shopper?id=%22%20onload=alert(1)"):
            assert evil not in (await client.get(path)).text, path
        assert evil not in await heard(client, "/stream/", "event: beat")
        assert '" onload' not in (await client.get("/shopper?id=%22%20onload=alert(1)")).text


async def test_raw_text_is_for_the_role_privacy(redis_server: RedisServer, tmp_path: Path) -> None:
    """Refused by the server, on the page and on its stream."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"vera viewer {digest('v')}\npia privacy {digest('p')}\n")
    given = settings(redis_server.url, http={"tokens_file": tokens})
    await store(given, "ada", ["Secretkettle"], query="secretsearch")
    async with opened(given, "v") as client:
        assert (await client.get("/shopper?id=ada")).status_code == 200
        said = await heard(client, "/stream/shopper?id=ada", "event: beat")
        assert "•••" in said
        assert "secret" not in said.lower()
        for path in ("/shopper?id=ada&raw=1", "/stream/shopper?id=ada&raw=1"):
            assert (await client.get(path)).status_code == 403
        client.headers["authorization"] = "Bearer p"
        assert "Secretkettle" in (await client.get("/shopper?id=ada&raw=1")).text


async def test_signing_in_opens_the_page_that_was_asked_for(redis_server: RedisServer, tmp_path: Path) -> None:
    """And no other site's; a wrong token opens nothing."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"vera viewer {digest('v')}\n")
    browser = {"accept": "text/html"}
    async with opened(settings(redis_server.url, http={"tokens_file": tokens})) as client:
        sent = await client.get("/fleet", headers=browser)
        assert sent.headers["location"] == "/sign-in?next=/fleet"
        assert (await client.get("/sign-in")).status_code == 200
        assert (await client.post("/sign-in", data={"token": "x"})).status_code == 401
        for to, goes in (("/fleet", "/fleet"), ("//evil.example", "/"), ("https://evil.example", "/")):
            done = await client.post(f"/sign-in?next={to}", data={"token": "v"})
            assert (done.status_code, done.headers["location"]) == (303, goes)
        assert "httponly" in done.headers["set-cookie"].lower()
        assert (await client.get("/fleet", headers=browser)).status_code == 200


async def test_a_redis_that_is_away_is_said_on_every_page(tmp_path: Path) -> None:
    """No page breaks."""
    given = Settings.model_validate({"redis": {"url": "redis://127.0.0.1:1/0"}, "console": {"port": 0}})
    async with opened(given) as client:
        assert "Redis does not answer" in (await client.get("/")).text
        for path in ("/fleet", "/models"):
            assert (await client.get(path)).status_code == 200
        answer = await client.get("/shopper?id=ada")
        assert (answer.status_code, "ConnectionError" in answer.text) == (503, True)


async def test_an_operator_throws_a_switch_and_puts_it_back(redis_server: RedisServer) -> None:
    """With a reason, which the log repeats; what is grave is typed; another console sees it as the command does."""
    given = settings(redis_server.url)
    async with opened(given) as client:
        assert (await post(client, "/control", name="pause")).status_code == 400
        assert (await post(client, "/control", name="freeze-writes", why="test")).status_code == 400
        assert (await post(client, "/control", name="no-such", why="test")).status_code == 400
        assert (await fleet_status(given)).switches.thrown == {}
        done = await post(client, "/control", name="freeze-writes", why="Redis moves", typed="freeze-writes")
        assert (done.status_code, done.headers["location"]) == (303, "/control")
        thrown = (await fleet_status(given)).switches.thrown["freeze_writes"]
        assert (thrown.who, thrown.why) == ("local", "Redis moves")
        assert "freeze-writes in force." in (await client.get("/control")).text
        await post(client, "/control", name="freeze-writes", why="done", do="clear")
        assert (await fleet_status(given)).switches.thrown == {}
        shown = (await client.get("/activity")).text
        assert shown.index("done") < shown.index("Redis moves")


async def test_an_operator_rolls_an_experiment_back(redis_server: RedisServer) -> None:
    """And resumes it, both with a reason."""
    given = settings(redis_server.url, experiments=EXPERIMENTS)
    async with opened(given) as client:
        for do, state in (("back", "back"), ("forward", "forward")):
            assert (await post(client, "/experiments", name="new-model", do=do)).status_code == 400
            await post(client, "/experiments", name="new-model", do=do, why="complaints")
            (view,) = (await fleet_status(given)).experiments
            assert (view.decision.state, view.decision.who, view.decision.why) == (state, "local", "complaints")
        assert "complaints" in (await client.get("/experiments")).text


@pytest.mark.parametrize("read_only", [False, True])
async def test_whoever_may_not_change_anything_is_refused(
    redis_server: RedisServer, tmp_path: Path, *, read_only: bool
) -> None:
    """A viewer, and everybody where the console is read-only: by the server, and no button is shown."""
    tokens = tmp_path / "tokens"
    role = "operator,privacy" if read_only else "viewer"
    tokens.write_text(f"vera {role} {digest('v')}\n")
    given = settings(redis_server.url, http={"tokens_file": tokens}, experiments=EXPERIMENTS)
    given = given.model_copy(update={"console": replace(given.console, read_only=read_only)})
    async with console(given) as address, httpx.AsyncClient(base_url=address, timeout=20) as client:
        await client.post("/sign-in", data={"token": "v"})
        assert COOKIE in client.cookies
        for path in ("/control", "/experiments", "/shopper/forget"):
            answer = await post(client, path, name="pause", why="x", shopper="ada", typed="ada")
            assert answer.status_code == 403, path
            assert (await client.post(path, data={})).status_code == 403
        assert "<button" not in (await client.get("/control")).text.split("<main")[1]
        assert "forget for good" not in (await client.get("/shopper?id=ada")).text
    assert (await fleet_status(given)).switches.thrown == {}


async def test_forgetting_gives_a_receipt(redis_server: RedisServer, mock_kafka: MockKafka) -> None:
    """Only what was typed; afterwards no page knows the shopper."""
    topic = f"console-{uuid4().hex[:8]}"
    kafka = {"bootstrap": mock_kafka.address, "topic": topic, "erasure_topic": f"{topic}.erasures"}
    kafka["dead_letter_topic"] = f"{topic}.letters"
    for each in (topic, kafka["erasure_topic"], kafka["dead_letter_topic"]):
        await mock_kafka.create_topic(each, 1)
    given = settings(redis_server.url, http={"local_roles": ["privacy"]}, kafka=kafka)
    await store(given, "ada", ["Quiet kettle"])
    async with opened(given) as client:
        assert "kettles" in (await client.get("/shopper?id=ada")).text
        assert (await post(client, "/shopper/forget", shopper="ada", typed="adam")).status_code == 400
        done = await post(client, "/shopper/forget", shopper="ada", typed="ada")
        assert done.status_code == 200, done.text
        assert "is forgotten" in done.text
        assert f"{topic}.erasures" in done.text
        assert "kettles" not in (await client.get("/shopper?id=ada")).text
        assert "ada" not in (await client.get("/shopper")).text.split("<main")[1]
        assert "No record was refused" in (await client.get("/dead-letters")).text


async def test_settings_show_where_each_came_from_and_no_secret(redis_server: RedisServer) -> None:
    """As the command does."""
    given = settings(redis_server.url, model={"api_key": "sk-secret"})
    async with console(given, {"model.api_key": "penchant.toml"}) as address, httpx.AsyncClient() as client:
        shown = (await client.get(f"{address}/settings")).text
    assert "penchant.toml" in shown
    assert "sk-secret" not in shown
