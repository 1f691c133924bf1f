"""The pictures of docs/console.md are what the pages look like, with the clock fixed."""

import pytest
from playwright.async_api import Browser

from sandbox.servers.redis import RedisServer
from tests.penchant.console.pictures import FOLDER, LETTERS_PX, PICTURES, difference, letters_px, shop, taken

pytestmark = [pytest.mark.slow, pytest.mark.redis]

ALIKE, IN_ANOTHER_FONT = 0.003, 0.02
"""A panel that is missing is 0.011, another page 0.04, and the letters of Liberation in the place of DejaVu 0.011."""


async def test_pictures_are_what_pages_look_like(browser: Browser, redis_server: RedisServer) -> None:
    """Light, dark, on a phone, and while the model is away. `python -m tests.penchant.console.pictures` renews them."""
    found = {}
    same = abs(await letters_px(browser) - LETTERS_PX) < 1
    most = ALIKE if same else IN_ANOTHER_FONT
    async with shop(redis_server.url) as given:
        for name, picture in PICTURES.items():
            found[name] = difference(await taken(browser, given, picture), (FOLDER / f"{name}.png").read_bytes())
    assert {name: apart for name, apart in found.items() if apart > most} == {}


def test_other_pages_are_told_apart() -> None:
    """All in light: no two of them are taken for each other."""
    kept = {name: (FOLDER / f"{name}.png").read_bytes() for name in PICTURES}
    assert difference(kept["console-overview"], kept["console-overview"]) == 0.0
    assert difference(kept["console-model-away"], kept["console-shopper"]) > IN_ANOTHER_FONT
    assert difference(kept["console-overview"], kept["console-phone"]) == 1.0
