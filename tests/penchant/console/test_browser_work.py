"""What people do at a page in a real browser: compare pairs by keys, and look back over hours."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, expect

from penchant.console.service import console
from penchant.offline.labels.folder import LabelFolder
from sandbox.servers.redis import RedisServer
from tests.penchant.console.browsers import looking
from tests.penchant.console.test_ranges import NO_SERIES, prometheus, series
from tests.penchant.console.world import settings
from tests.penchant.offline.labels.rows import match_row, pairs_of, row, write

pytestmark = [pytest.mark.slow, pytest.mark.redis]


async def test_keys_label_a_pair_after_the_other(browser: Browser, redis_server: RedisServer, tmp_path: Path) -> None:
    """1, 2 and 0, and nothing while a name is typed; no predictor's name is in the document. A match's reasons too."""
    folder = write(tmp_path, [*(row(number) for number in range(3)), match_row(3)])
    given = settings(
        redis_server.url,
        http={"local_roles": ["privacy"]},
        console={"port": 0, "labels_folder": folder},
    )
    async with console(given) as address, looking(browser, address, "/labels") as seen:
        await seen.page.get_by_label("Your name").fill("ada 102")
        async with seen.page.expect_navigation():  # until the page that hears keys is loaded
            await seen.page.keyboard.press("Enter")
        for number, key in enumerate(("1", "2", "0", "2")):
            await expect(seen.page.locator("pre")).to_contain_text(f"{number}m view")
            assert "rules" not in await seen.page.locator("form.stack").inner_html()
            if number == 3:
                await expect(seen.page.locator(".answer")).to_have_text("Are these reasons right?")
                assert (await Axe().run(seen.page)).response["violations"] == []
            async with seen.page.expect_navigation():
                await seen.page.keyboard.press(key)
        await expect(seen.page.locator(".answer")).to_have_text("You have labelled all.")
        assert seen.complaints == []
    pairs = LabelFolder(folder).pairs()
    said = [(label.pair, label.winner, label.who) for label in LabelFolder(folder).labels(pairs)]
    first, second = (pairs_of(pairs)[each].seen_by("ada 102")[int(each)] for each in ("0", "1"))
    told = [("0", first), ("1", second), ("2", "tie"), ("match-3", "wrong")]
    assert said == [(*each, "ada 102") for each in told]


async def test_hours_are_drawn_where_they_are_known_and_said_where_not(
    browser: Browser, redis_server: RedisServer
) -> None:
    """By the link; a page whose Prometheus knows nothing draws nothing."""
    async with prometheus(series) as (url, _), prometheus(NO_SERIES) as (empty, _):
        for there, drawn in ((url, 1), (empty, 0)):
            given = settings(redis_server.url, console={"port": 0, "prometheus_url": there})
            async with console(given) as address, looking(browser, address) as seen:
                await seen.page.get_by_role("link", name="6 h", exact=True).click()
                await seen.page.wait_for_url("**/?hours=6")
                says = "" if drawn else "does it scrape the workers?"
                await expect(seen.page.locator("#missing")).to_have_text(re.compile(re.escape(says) + "$"))
                await expect(seen.page.locator("#chart canvas")).to_have_count(drawn)
                assert seen.complaints == []
