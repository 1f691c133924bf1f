"""What hostile texts do in a real browser, and what each cause reads like there: nothing runs, and each is named."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from penchant.console.service import console
from penchant.front.tokens import digest
from penchant.operations.control import put_back, throw
from sandbox.servers.redis import RedisServer
from tests.injection.instructions import ENCODINGS, OWN
from tests.penchant.console.browsers import WITHIN_MS, looking
from tests.penchant.console.test_browser import PRIVACY, live, opened
from tests.penchant.console.world import fleet, settings, store

pytestmark = [pytest.mark.slow, pytest.mark.redis]

HOSTILE = (
    "<script>window.hit = 1; alert(1)</script>",
    '"><img src=x onerror="window.hit = 2">',
    "</pre></details><iframe src=javascript:alert(3)></iframe>",
    "{{ 7 * 7 }} ${7 * 7} <b hx-get=/ hx-trigger=load>x</b>",
    "data: x\n\nevent: answer\ndata: <b>forged</b>\n\n",
    "\u202egnihton\u202c \u2067\u05d0\u05d1\u05d2 <i>\u2069",
    "z\u200be\u200dr\u2060o \ufeffwidth<script>\u200b",
    *(encode(OWN[0]) for encode in ENCODINGS.values()),
)


async def test_nothing_that_shoppers_wrote_runs(browser: Browser, redis_server: RedisServer) -> None:
    """Shown as it is to whoever may see it: no script, no element, no forged event, and the policy reports nothing."""
    given = settings(redis_server.url, http=PRIVACY)
    for title in HOSTILE:
        await store(given, "ada", [title, "Quiet kettle"], query=title)
        async with opened(browser, given, "/shopper?id=ada&raw=1") as seen:
            await expect(live(seen)).to_contain_text("live")
            await seen.page.locator("summary").click()
            assert await seen.page.evaluate("window.hit") is None
            assert await seen.page.locator("main iframe, main img, main script, main b").count() == 0
            await expect(seen.page.locator("main")).to_contain_text("Quiet kettle")
        assert (seen.complaints, seen.dialogs) == ([], [])


async def test_an_id_that_is_hostile_runs_nothing_and_turns_no_line(
    browser: Browser, redis_server: RedisServer
) -> None:
    """Markup, right-to-left and characters without width in a shopper's id: each stands by itself, as it is."""
    given = settings(redis_server.url)
    names = ("<img src=x onerror=window.hit=1>", "\u202e\u05d0\u05d1\u05d2-ada", "a\u200bd\u2060a")
    for name in names:
        await store(given, name, ["Quiet kettle"])
    async with opened(browser, given, "/shopper") as seen:
        rows = seen.page.locator("td bdi")
        await expect(rows).to_have_count(len(names))
        assert sorted(await rows.all_text_contents()) == sorted(names)
        assert await seen.page.locator("main img").count() == 0
        place = seen.page.url
        for at in range(len(names)):
            await seen.page.goto(place)
            await rows.nth(at).click()
            await expect(live(seen)).to_contain_text("live")
            await expect(seen.page.locator("h2 bdi").first).to_be_visible()
        assert await seen.page.evaluate("window.hit") is None
    assert (seen.complaints, seen.dialogs) == ([], [])


AWAY = {
    "model": "The model is away: the rules stand in.",
    "kafka": "Kafka is away: no events come in.",
    "redis": "Workers do not reach Redis",
}
SWITCHES = {"freeze_writes": "Intents are not written", "pause": "Events are not read"}


async def test_each_cause_is_named_on_the_page(browser: Browser, redis_server: RedisServer) -> None:
    """Servers that workers miss, and switches while they are thrown; without a reload."""
    for server, words in AWAY.items():
        given = settings(redis_server.url)
        async with fleet(given, away={server: "no answer"}), opened(browser, given) as seen:
            await expect(seen.page.locator(".answer")).to_contain_text(words, timeout=WITHIN_MS)
    given = settings(redis_server.url)
    async with fleet(given), opened(browser, given) as seen:
        answer = seen.page.locator(".answer")
        for name, words in SWITCHES.items():
            await throw(given, name, "on", "ada")
            await expect(answer).to_contain_text(words, timeout=WITHIN_MS)
            await put_back(given, name, "ada")
            await expect(answer).not_to_contain_text(words, timeout=WITHIN_MS)


async def test_texts_do_not_reach_whoever_may_not_see_them(
    browser: Browser, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Neither the document nor anything that was sent has a title or a search; asking for them is refused."""
    tokens = tmp_path / "tokens"
    tokens.write_text(f"vera viewer {digest('v')}\n")
    given = settings(redis_server.url, http={"tokens_file": tokens})
    await store(given, "ada", ["Secretkettle with lid"], query="secretsearch")
    async with fleet(given), console(given) as address:
        as_viewer = {"authorization": "Bearer v"}
        async with looking(browser, address, "/shopper?id=ada", extra_http_headers=as_viewer) as seen:
            await expect(live(seen)).to_contain_text("live")
            await seen.page.locator("summary").click()
            held = [await seen.text(), *seen.bodies]
            await seen.page.goto(f"{address}/")
            await expect(live(seen)).to_contain_text("live")
            held += [await seen.text(), *seen.bodies]
            assert len(seen.bodies) >= 2
            assert not any("secret" in text.lower() for text in held)
            assert "•••" in held[0]
            refused = await seen.page.goto(f"{address}/shopper?id=ada&raw=1")
            assert refused is not None
            assert refused.status == 403
            assert "secret" not in (await seen.text()).lower()
