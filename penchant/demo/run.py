"""Run: play, let the last calls finish, and read back what came of it."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penchant.demo.console import with_console
from penchant.demo.examples import Example, examples
from penchant.demo.keep import keep
from penchant.demo.match import MatchExample, match_examples
from penchant.demo.real_model import with_real_model
from penchant.demo.report import report
from penchant.demo.stage import DemoPlan, Stage, set_up
from penchant.demo.timeline import browsing, timeline
from penchant.process.signals import stop_signals

SETTLE_S = 20.0
"""How long the last calls may take after the last event."""

LOOK_S = 0.1

View = Callable[[Stage], AbstractAsyncContextManager[None]]
"""What shows a stage while it runs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report, some shoppers' stories, and whether the play was cut short by a signal. `config` is the settings file
    of what is kept running, `address` the console's, `matches` which products fit these shoppers."""

    report: dict[str, Any]
    examples: list[Example]
    stopped: bool
    config: Path | None = None
    address: str | None = None
    matches: list[MatchExample] = field(default_factory=list)


async def run(
    plan: DemoPlan,
    view: View,
    say: Callable[[str], None],
    show: Callable[[Outcome], None] = lambda _: None,
    announce: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """The whole demonstration; `announce` takes what is to be read first, `say` lines for people, `show` the outcome,
    after which all may be kept running. Raises PlatformLacks, SettingInvalid for a file that it cannot play, and what
    broke."""
    with stop_signals() as asked:
        recorded = await asyncio.to_thread(timeline, plan) if plan.events else None  # before any server is started
        async with with_real_model(plan, say) as paced:
            events, speed = recorded or timeline(paced)
            async with set_up(paced, speed, say) as stage:
                config = keep(stage, "console.toml")
                async with with_console(plan.run_folder, config, announce, wanted=plan.console) as address:
                    async with view(stage):
                        await _play(stage, events, asked, plan.seconds)
                        if not asked.is_set():
                            await _settle(stage, asked)
                    kept = (plan.keep or plan.browse) and not asked.is_set()
                    kept_config = keep(stage, "penchant.toml") if kept else None
                    found = await examples(stage)
                    matched = await match_examples(stage, found)
                    outcome = Outcome(report(stage), found, asked.is_set(), kept_config, address, matched)
                    show(outcome)
                    if kept:
                        await _stay(stage, asked)
                    return outcome


async def _stay(stage: Stage, asked: asyncio.Event) -> None:
    """Until a signal; with shoppers that go on, where the plan says so."""
    if stage.plan.browse:
        await _play(stage, browsing(stage.plan), asked, None)
    await asked.wait()


async def _play(stage: Stage, events: Any, asked: asyncio.Event, seconds: float | None) -> None:
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(stage.player.play(events, seconds))
        stopping = tasks.create_task(_stop_when(asked, stage))
        await playing
        stopping.cancel()


async def _stop_when(asked: asyncio.Event, stage: Stage) -> None:
    await asked.wait()
    stage.player.stop()


async def _settle(stage: Stage, asked: asyncio.Event) -> None:
    """Until everything that was sent has been taken in and covered."""
    meter, sent = stage.worker.meter, stage.player.played.sent
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(SETTLE_S, stage.settings.calls.deadline_s)):
            while not asked.is_set():
                if meter.events + meter.dead_letters >= sent and stage.worker.enrichment.settled:
                    return
                await asyncio.sleep(LOOK_S)
