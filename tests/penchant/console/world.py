"""A fleet for the console's tests: workers that say how they are, their metrics, and shoppers in a Redis."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import orjson
from aiohttp import web
from msgspec import structs

from penchant.settings.root import Settings
from prompts.library import DEFAULT_PROMPTS
from prompts.render import PromptRenderer
from prompts.rules import rules
from sandbox.servers.server import LOOPBACK, free_ports
from storage.checkpoints import Context, Write
from storage.connection import Client, connect
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from storage.writer import RedisCheckpoints
from streams.errors import StoreUnavailable
from streams.events.event import Item, ShopperEvent
from streams.records.intents import Intent, Waits, Window
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from tests.penchant.console.looks import NOTHING, PAGE, worker

BEAT_S = 0.5
WITHIN_S = 10.0
DATABASE = 7
FAR_MS = 4_102_444_800_000


def settings(url: str, **sections: object) -> Settings:
    """A namespace of one's own, in a database where only consoles' tests have keys: pages that look for shoppers visit
    so many keys of any kind. And any free port."""
    there = url.removesuffix("/0") + f"/{DATABASE}"
    redis: dict[str, object] = {"url": there, "namespace": f"console-{uuid4().hex[:8]}", "timeout_s": WITHIN_S}
    return Settings.model_validate({"redis": redis, "console": {"port": 0}} | sections)


def variables(given: Settings) -> dict[str, object]:
    """The same for a command."""
    return {
        "REDIS__URL": given.redis.url,
        "REDIS__NAMESPACE": given.redis.namespace,
        "REDIS__TIMEOUT_S": given.redis.timeout_s,
    }


@asynccontextmanager
async def fleet(given: Settings, **heartbeat: object) -> AsyncIterator[None]:
    """Two workers that live meanwhile. Each call, event and intent that they count is a second of theirs."""
    async with AsyncExitStack() as stack:
        port = await worker_page(stack)
        redis = connect(given.redis.url)
        stack.push_async_callback(redis.aclose)
        told = worker(metrics=f"{LOOPBACK}:{port}", **heartbeat)
        await stack.enter_async_context(_beating(redis, given, {"worker-1": told, "worker-2": told}))
        yield


@asynccontextmanager
async def _beating(redis: Client, given: Settings, workers: dict[str, dict[str, Any]]) -> AsyncIterator[None]:
    store = RedisFleet(redis, Keys(given.redis.namespace), WITHIN_S)

    async def beat() -> None:
        while True:
            with suppress(StoreUnavailable):
                for name, told in workers.items():
                    await store.sync(name, orjson.dumps(told), {})
            await asyncio.sleep(BEAT_S)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def worker_page(stack: AsyncExitStack) -> int:
    """The port at which a worker's metrics are served until the stack closes."""
    loop, counted = asyncio.get_running_loop(), ("events", "calls", "intents", "input", "cached", "fast", "all")
    began_s = loop.time() - 60

    async def page(_: web.Request) -> web.Response:
        so_far = {name: int((loop.time() - began_s) * 10) for name in counted}
        return web.Response(text=PAGE.format(**(NOTHING | so_far)))

    app = web.Application()
    app.router.add_get("/metrics", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    (port,) = free_ports(1)
    await web.TCPSite(runner, LOOPBACK, port).start()
    return port


async def store(given: Settings, shopper: str, titles: Sequence[str], query: str = "") -> Intent:
    """What a worker leaves of a shopper who searched and viewed these: the session, and the rules' intent as a
    model's."""
    now_ms = FAR_MS - 10_000_000_000
    searched = [ShopperEvent("e0", shopper, "search", now_ms, query=query)] if query else []
    viewed = [
        ShopperEvent(f"e{at}", shopper, "view", now_ms + at * 1_000, items=(_item(at, title),))
        for at, title in enumerate(titles, 1)
    ]
    session = Session()
    for offset, event in enumerate([*searched, *viewed]):
        fold(session, event, offset, event.time_ms, SessionRules())
    intent = _intent(shopper, session)
    context = Context(shopper, Position.parse(intent.position), 0, "w:1", dump(session))
    redis = connect(given.redis.url)
    try:
        checkpoints = RedisCheckpoints(redis, Keys(given.redis.namespace), WITHIN_S)
        await checkpoints.write([Write(context, FAR_MS, intent, FAR_MS)])
    finally:
        await redis.aclose()
    return intent


def _item(number: int, title: str) -> Item:
    return Item(f"p{number}", title=title, category="home/kettles", brand="Orlo", price=59.0 + number, currency="EUR")


def _intent(shopper: str, session: Session) -> Intent:
    view = PromptRenderer(DEFAULT_PROMPTS.names[0]).view(session)
    found = rules(view, DEFAULT_PROMPTS.vocabulary)
    return Intent(
        **structs.asdict(found),
        shopper=shopper,
        window=Window(from_ms=session.origin_ms, to_ms=session.last_ms, events=session.events),
        as_of_ms=session.last_ms,
        written_at_ms=session.last_ms + 1_600,
        source="model",
        model="qwen3-32b",
        replica="triton-1",
        prompt_version=DEFAULT_PROMPTS.names[0],
        position=str(Position(0, session.folded, 0)),
        waits=Waits(debounce_ms=1_010, backlog_ms=12, prefill_ms=94, decode_ms=470, write_ms=1),
    )
