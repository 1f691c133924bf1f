"""The pictures of docs/console.md, of a scene that stands still: `python -m tests.penchant.console.pictures` takes them
anew, and a test compares them with what the pages look like."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageChops
from playwright.async_api import Browser, expect

from penchant.console.snapshot import Snapshot
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.answers import KeptAnswer, RedisAnswers
from storage.keys import Keys
from tests.penchant.console.browsers import launched, looking
from tests.penchant.console.looks import AT_MS
from tests.penchant.console.scene import away, calm, still
from tests.penchant.console.world import WITHIN_S, settings, store

FOLDER = Path(__file__).parents[3] / "docs" / "images"
TITLES = ("Quiet kettle 1.7 l", "Kettle with a gooseneck spout", "Travel kettle", "Quiet kettle 1.7 l")
SCALE = 8
"""Pictures are compared at an eighth of their size: other versions of a browser draw letters a little otherwise."""

LETTERS_PX = 362
"""How wide some words are in the font that the pictures have. Elsewhere a system may have another one."""

MEASURE = """() => {
  const pen = document.createElement("canvas").getContext("2d"); pen.font = "15px system-ui, sans-serif";
  return pen.measureText("Intents are fresh: 95 % are readable within 2.0 s").width;
}"""

COLOURS = 128
"""So many are enough for these pages, and a third of the bytes."""


class Picture(NamedTuple):
    """What is shown, where, and how large; `scheme` is light or dark."""

    scene: Callable[[], Snapshot]
    path: str
    width: int = 1280
    height: int = 1000
    scheme: str = "light"


PICTURES = {
    "console-overview": Picture(calm, "/", height=1160),
    "console-model-away": Picture(away, "/"),
    "console-shopper": Picture(calm, "/shopper?id=shopper-1"),
    "console-dark": Picture(calm, "/", height=1160, scheme="dark"),
    "console-phone": Picture(calm, "/", 390, 844),
}


@asynccontextmanager
async def shop(url: str) -> AsyncIterator[Settings]:
    """Settings of a namespace with a few shoppers, of whom one has answers that are kept."""
    given = settings(url, http={"local_roles": ["operator", "privacy"]})
    for at in range(5):
        await store(given, f"shopper-{at}", TITLES[at % 2 :], query="quiet kettle")
    redis = given.redis.connect()
    try:
        answers = RedisAnswers(redis, Keys(given.redis.namespace), WITHIN_S)
        text, removed = '{"m":"research","c":[[1,9]],"e":[2,7]}', ("evidence",)
        said = KeptAnswer(AT_MS - 9_000, "0:3:0", "qwen3-32b", "triton-1", "v1", "", text, removed)
        await answers.keep("shopper-1", 0, said, 5, 1e9)
        yield given
    finally:
        await redis.aclose()


async def taken(browser: Browser, given: Settings, picture: Picture) -> bytes:
    """The picture, as PNG."""
    size = {"width": picture.width, "height": picture.height}
    async with (
        still(given, picture.scene()) as address,
        looking(browser, address, picture.path, AT_MS, viewport=size, color_scheme=picture.scheme) as seen,
    ):
        await expect(seen.page.locator("#heard")).to_contain_text("live")
        if picture.path == "/":
            await expect(seen.page.locator("canvas")).to_have_count(8)
        return await seen.page.screenshot(animations="disabled")


async def letters_px(browser: Browser) -> float:
    """How wide the words are here."""
    page = await browser.new_page()
    try:
        return float(await page.evaluate(MEASURE))
    finally:
        await page.close()


def difference(one: bytes, other: bytes) -> float:
    """How far two pictures are apart, from 0 to 1: the mean of how much lighter or darker their parts are. 1 where they
    have two sizes."""
    first, second = (Image.open(BytesIO(each)).convert("L") for each in (one, other))
    if first.size != second.size:
        return 1.0
    small = [each.reduce(SCALE) for each in (first, second)]
    apart = ImageChops.difference(*small)
    return sum(value * count for value, count in enumerate(apart.histogram())) / (255 * apart.width * apart.height)


async def main() -> None:
    """Take all of them."""
    with tempfile.TemporaryDirectory() as folder:
        async with RedisServer(Path(folder)) as server, launched() as browser, shop(server.url) as given:
            for name, picture in PICTURES.items():
                found = Image.open(BytesIO(await taken(browser, given, picture))).convert("RGB")
                found.quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    asyncio.run(main())
