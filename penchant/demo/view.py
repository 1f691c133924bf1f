"""View: a demonstration on a terminal of 80 by 24 while it runs: one shopper, whose intent changes with the events."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from penchant.demo.examples import sentence
from penchant.demo.followed import ROWS
from penchant.demo.stage import Stage
from prompts.words import describe
from streams.events.event import ShopperEvent

REDRAW_S = 0.25
OTHERS = 4
NOTICES = 2


class LiveView:
    """Redraws itself four times a second from what the stage counts, and from one shopper's intent in Redis."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @asynccontextmanager
    async def __call__(self, stage: Stage) -> AsyncIterator[None]:
        """Show a stage while the block runs."""
        with Live(Text(""), console=self._console, auto_refresh=False, transient=True) as live:
            async with asyncio.TaskGroup() as tasks:
                drawing = tasks.create_task(_draw(live, stage))
                yield
                drawing.cancel()


async def _draw(live: Live, stage: Stage) -> None:
    """In the event loop and not in a thread of its own: what is drawn changes there."""
    clock = asyncio.get_running_loop().time
    while True:
        await asyncio.sleep(REDRAW_S)
        stage.followed.choose([intent.shopper for intent in stage.worker.meter.latest], clock())
        live.update(picture(stage, await _sentence(stage)), refresh=True)


async def _sentence(stage: Stage) -> str:
    """What the intent of the one who is followed says now."""
    if (shopper := stage.followed.shopper) is None:
        return ""
    intent = await stage.reader.get(shopper, fields="doc")
    return "" if intent.missing else sentence(intent)


@asynccontextmanager
async def no_view(_: Stage) -> AsyncIterator[None]:
    """Show nothing."""
    yield


def picture(stage: Stage, said: str) -> Group:
    """The screen: how far the play is, the shopper who is followed with what the intent says, and a few others."""
    others = [intent for intent in stage.worker.meter.latest if intent.shopper != stage.followed.shopper]
    lines = [_line(f"{intent.shopper:>13}  {describe(intent)}") for intent in others[-OTHERS:]]
    title = stage.followed.shopper or "nobody has an intent yet"
    inside = Group(Text(said, "bold"), _rows(stage.followed.seen.rows))
    return Group(
        _line(_figures(stage)),
        Panel(inside, title=title, title_align="left", height=ROWS + 4),
        *lines,
        *(_line(notice, "yellow") for notice in list(stage.notices)[-NOTICES:]),
        Text(" · ".join(stage.components.values()), style="dim"),
    )


def _figures(stage: Stage) -> str:
    meter, played = stage.worker.meter, stage.player.played
    fresh = (meter.percentiles() or {}).get("p95")
    after = f" · 95 of 100 fresh within {fresh / 1e3:.1f} s" if fresh is not None else ""
    failed = f" · {meter.call_failures:,} failed" if meter.call_failures else ""
    return f"{played.seconds:.0f} s · {played.sent:,} events · {meter.calls:,} calls{failed}{after}"


def _rows(events: Iterable[ShopperEvent]) -> Table:
    """A line for each event; text of the shop's is never taken for the terminal's markup."""
    no_wrap: Any = {"no_wrap": True, "overflow": "ellipsis"}
    table = Table.grid("", "", Column(ratio=1, **no_wrap), Column(justify="right", no_wrap=True), padding=(0, 2), expand=True)  # fmt: skip  # noqa: E501
    for event in events:
        item, clock = next(iter(event.items), None), time.strftime("%H:%M:%S", time.gmtime(event.time_ms / 1e3))
        price = f"{item.price:.2f} {item.currency or ''}".rstrip() if item and item.price else ""
        what = (item.title or item.id) if item else event.query or ""
        table.add_row(Text(clock, "dim"), event.action, Text(what), Text(price, "dim"))
    return table


def _line(text: str, style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")
