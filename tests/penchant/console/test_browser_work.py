"""What people do at a page in a real browser: compare pairs by keys, and look back over hours."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from penchant.console.service import console
from penchant.offline.labels.folder import LabelFolder
from sandbox.servers.redis import RedisServer
from tests.penchant.console.browsers import looking
from tests.penchant.console.test_ranges import NO_SERIES, prometheus, series
from tests.penchant.console.world import settings
from tests.penchant.offline.labels.rows import row, write

pytestmark = [pytest.mark.slow, pytest.mark.redis]


async def test_keys_label_a_pair_after_the_other(browser: Browser, redis_server: RedisServer, tmp_path: Path) -> None:
    """1, 2 and 0, and nothing while a name is typed; no predictor's name is in the document."""
    folder = write(tmp_path, [row(number) for number in range(3)])
    given = settings(
        redis_server.url,
        http={"local_roles": ["privacy"]},
        console={"port": 0, "labels_folder": folder},
    )
    async with console(given) as address, looking(browser, address, "/labels") as seen:
        await seen.page.get_by_label("Your name").fill("ada 102")
        await seen.page.keyboard.press("Enter")
        for number, key in enumerate(("1", "2", "0")):
            await expect(seen.page.locator("pre")).to_contain_text(f"{number}m view")
            assert "rules" not in await seen.page.locator("form.stack").inner_html()
            async with seen.page.expect_navigation():
                await seen.page.keyboard.press(key)
        await expect(seen.page.locator(".answer")).to_have_text("You have compared all pairs.")
        assert seen.complaints == []
    pairs = LabelFolder(folder).pairs()
    said = [(label.pair, label.winner, label.who) for label in LabelFolder(folder).labels(pairs)]
    first, second = pairs["0"].seen_by("ada 102")[0], pairs["1"].seen_by("ada 102")[1]
    assert said == [("0", first, "ada 102"), ("1", second, "ada 102"), ("2", "tie", "ada 102")]


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
