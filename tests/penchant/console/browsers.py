"""A browser for the console's tests: Debian's Chromium or another that is installed, without a head."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Page, Response, async_playwright, expect

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WITHIN_MS = 30_000
expect.set_options(timeout=WITHIN_MS)  # five seconds of its own are short beside other tests
REPORTS = (
    "addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective + e.blockedURI))"
)


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """It runs meanwhile; the test is skipped where none is installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("NO CHROMIUM: apt-get install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()


@dataclass
class Seen:
    """What a page asked for, was answered, and complained of."""

    page: Page
    urls: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    async def text(self) -> str:
        """All that the document holds."""
        return str(await self.page.content())


@asynccontextmanager
async def looking(
    browser: Browser, address: str, path: str = "/", at_ms: int | None = None, **given: Any
) -> AsyncIterator[Seen]:
    """A page that is open meanwhile; it is loaded. With `at_ms` its clock stands still there."""
    context = await browser.new_context(**{"viewport": {"width": 1280, "height": 860}} | given)
    context.set_default_timeout(WITHIN_MS)
    page = await context.new_page()
    seen = Seen(page)

    async def keep(answer: Response) -> None:
        kind = answer.headers.get("content-type", "")
        if answer.ok and kind.startswith(("text/html", "application/json")):
            with suppress(Error):  # the page was left before
                seen.bodies.append(await answer.text())

    page.on("request", lambda request: seen.urls.append(request.url))
    page.on("response", keep)
    page.on("console", lambda message: seen.complaints.extend([message.text] if message.type == "error" else []))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))

    async def refuse(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", refuse)
    await page.add_init_script(REPORTS)
    if at_ms is not None:
        await page.clock.set_fixed_time(at_ms)
    await page.goto(address + path)
    try:
        yield seen
    finally:
        await context.close()
