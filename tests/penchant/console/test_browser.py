"""The console in a real browser: what it shows, that it stays live, and that nothing which shoppers wrote runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Locator, expect

from penchant.console.service import console
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from sandbox.servers.server import LOOPBACK, free_ports
from tests.kafka import Kafka
from tests.penchant.commands import run
from tests.penchant.console.browsers import WITHIN_MS, Seen, looking
from tests.penchant.console.test_operating import refused
from tests.penchant.console.world import fleet, settings, store, variables
from tests.penchant.offline.labels.rows import row, write

pytestmark = [pytest.mark.slow, pytest.mark.redis]

PRIVACY = {"local_roles": ["operator", "privacy"]}
PAGES = (
    *("/", "/shopper", "/shopper?id=ada", "/fleet", "/models"),
    *("/experiments", "/replays", "/jobs", "/labels?who=ada", "/control", "/activity", "/settings"),
    "/audience",
)
OTHERS = ("/dead-letters", "/doctor", "/nowhere")
"""They need a Kafka, or are none."""


@asynccontextmanager
async def opened(browser: Browser, given: Settings, path: str = "/", **options: Any) -> AsyncIterator[Seen]:
    """A page of a console that runs meanwhile."""
    async with console(given) as address, looking(browser, address, path, **options) as seen:
        yield seen


def live(seen: Seen) -> Locator:
    """Where the page says how old it is."""
    return seen.page.locator("#heard")


async def test_figures_are_those_of_the_command(browser: Browser, redis_server: RedisServer, tmp_path: Path) -> None:
    """Lag, owed, slots, version and prompt of each worker, and their sums on the first page."""
    given = settings(redis_server.url)
    async with fleet(given, lag=1_234, owed=56, in_flight=7, limit=21):
        report = (await run(tmp_path, variables(given), "control", "status", "--json")).report
        async with opened(browser, given, "/fleet") as seen:
            for name, told in report["fleet"].items():
                cells = seen.page.locator(f"tr:has-text('{name}') td")
                shown = await cells.all_inner_texts()
                assert shown[1:4] == [told["version"], told["prompt"], str(len(told["partitions"]))]
                assert [shown[4], *shown[6:8]] == [
                    f"{told['lag']:,}",
                    f"{told['owed']:,}",
                    f"{told['in_flight']} of {told['limit']}",
                ]
            await seen.page.goto(seen.page.url.replace("/fleet", "/"))
            flow = seen.page.locator(".flow")
            workers = report["fleet"].values()
            await expect(flow).to_contain_text(f"lag {sum(told['lag'] for told in workers):,}")
            await expect(flow).to_contain_text(f"{sum(told['in_flight'] for told in workers)} of 42 slots")


async def test_a_switch_thrown_on_the_command_line_shows_and_goes(
    browser: Browser, redis_server: RedisServer, tmp_path: Path
) -> None:
    """With who and why, above the page and in the sentence, without a reload."""
    given = settings(redis_server.url)
    async with fleet(given), opened(browser, given) as seen:
        await expect(live(seen)).to_contain_text("live")
        reason = ("--who", "ada", "--why", "a new <b>prompt</b>")
        await run(tmp_path, variables(given), "control", "set", "rules-only", *reason)
        banner = seen.page.locator(".banner")
        await expect(banner).to_contain_text("Rules only: no calls are made", timeout=WITHIN_MS)
        await expect(banner).to_contain_text("by ada: “a new <b>prompt</b>”. Obeyed by 0 of 2 workers.")
        await expect(seen.page.locator(".answer")).to_contain_text("The rules make all intents")
        await run(tmp_path, variables(given), "control", "clear", "rules-only")
        await expect(banner).to_have_count(0, timeout=WITHIN_MS)
    assert seen.complaints == []


async def test_no_request_leaves_the_machine(browser: Browser, redis_server: RedisServer) -> None:
    """Every page asks its own address and no other, and complains of nothing."""
    given = settings(redis_server.url, http=PRIVACY)
    await store(given, "ada", ["Quiet kettle"])
    async with fleet(given), console(given) as address:
        for path in PAGES:
            async with looking(browser, address, path) as seen:
                await seen.page.wait_for_timeout(500)
            assert seen.urls
            assert all(url.startswith(f"{address}/") for url in seen.urls), seen.urls
            assert seen.complaints == [], path


@pytest.mark.kafka
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_clean_by_axe(
    browser: Browser, redis_server: RedisServer, real_kafka: Kafka, tmp_path: Path, scheme: str
) -> None:
    """Contrast, landmarks, names and order, at a desk's width and at a phone's, where nothing is cut off."""
    folder = write(tmp_path, [row(0, "gift")])
    sections = {"http": PRIVACY, "console": {"port": 0, "labels_folder": folder}, "model": {"url": f"{LOOPBACK}:9"}}
    given = await refused(real_kafka, redis_server, **sections)
    await store(given, "ada", ["Quiet kettle with a gooseneck spout"], query="kettle")
    problems: list[tuple[str, int, str, str]] = []
    for width in (1280, 390):
        async with fleet(given, away={"kafka": "no broker"}), console(given) as address:
            for path in (*PAGES, *(OTHERS if width == 390 else ())):
                sized = {"width": width, "height": 860}
                async with looking(browser, address, path, color_scheme=scheme, viewport=sized) as seen:
                    await seen.page.wait_for_timeout(300)
                    found = await Axe().run(seen.page)
                    faults = found.response["violations"]
                    problems += [(path, width, each["id"], each["nodes"][0]["html"]) for each in faults]
                    if await seen.page.evaluate("document.scrollingElement.scrollWidth") > width:
                        problems.append((path, width, "cut off", ""))
    assert problems == []


async def test_the_keyboard_alone_pauses_and_goes_on(browser: Browser, redis_server: RedisServer) -> None:
    """A paused page stays as it is; afterwards it has what it missed."""
    given = settings(redis_server.url)
    async with fleet(given), opened(browser, given) as seen:
        await expect(live(seen)).to_contain_text("live")
        pressed = 0
        while await seen.page.evaluate("document.activeElement.id") != "pause":
            await seen.page.keyboard.press("Tab")
            pressed += 1
            assert pressed < 20
        await seen.page.keyboard.press("Enter")
        await expect(live(seen)).to_contain_text("paused")
        before = await seen.page.locator(".figs").inner_text()
        await seen.page.wait_for_timeout(2_500)
        assert await seen.page.locator(".figs").inner_text() == before
        await seen.page.keyboard.press("Enter")
        await expect(live(seen)).to_contain_text("live")
        await expect(seen.page.locator(".figs")).not_to_have_text(before, timeout=WITHIN_MS)


async def test_it_turns_grey_and_comes_back_without_a_reload(browser: Browser, tmp_path: Path) -> None:
    """When Redis dies and comes back, and when the console does."""
    async with RedisServer(tmp_path) as server:
        given = settings(server.url, console={"port": free_ports(1)[0]})
        given = given.model_copy(update={"redis": settings(server.url).redis})
        address = f"http://{LOOPBACK}:{given.console.port}"
        async with fleet(given), console(given), looking(browser, address) as seen:
            await seen.page.evaluate("window.same = true")
            await expect(live(seen)).to_contain_text("live")
            await server.kill()
            await expect(seen.page.locator("body[data-old=yes]")).to_be_attached(timeout=WITHIN_MS)
            await expect(seen.page.locator(".answer")).to_contain_text("Redis does not answer", timeout=WITHIN_MS)
            await server.start()
            await expect(seen.page.locator("body[data-old=no]")).to_be_attached(timeout=WITHIN_MS)
            await expect(seen.page.locator(".answer")).not_to_contain_text("Redis", timeout=WITHIN_MS)
            assert await seen.page.evaluate("window.same")


async def test_a_console_that_dies_comes_back_to_its_pages(browser: Browser, redis_server: RedisServer) -> None:
    """Grey in between; live again without a reload."""
    given = settings(redis_server.url, console={"port": free_ports(1)[0]})
    async with fleet(given):
        first = console(given)
        address = await first.__aenter__()
        async with looking(browser, address) as seen:
            await seen.page.evaluate("window.same = true")
            await expect(live(seen)).to_contain_text("live")
            await first.__aexit__(None, None, None)
            await expect(seen.page.locator("body[data-old=yes]")).to_be_attached(timeout=WITHIN_MS)
            async with console(given):
                await expect(seen.page.locator("body[data-old=no]")).to_be_attached(timeout=WITHIN_MS)
                assert await seen.page.evaluate("window.same")


@asynccontextmanager
async def another_site() -> AsyncIterator[str]:
    """The address of somebody else's page."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<form method=post></form>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", page)
    runner = web.AppRunner(app)
    await runner.setup()
    (port,) = free_ports(1)
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        await runner.cleanup()


async def test_another_site_reads_and_changes_nothing(browser: Browser, redis_server: RedisServer) -> None:
    """A page of another origin in the same browser: what it reads is kept from it, what it posts is refused."""
    async with (
        console(settings(redis_server.url)) as address,
        another_site() as other,
        looking(browser, other) as seen,
    ):
        read = "(url) => fetch(url).then((a) => a.text(), () => 'blocked')"
        assert await seen.page.evaluate(read, f"{address}/points") == "blocked"
        async with seen.page.expect_navigation() as arrived:
            await seen.page.evaluate("(url) => { const f = document.forms[0]; f.action = url; f.submit() }", address)
        assert (await arrived.value).status == 403
