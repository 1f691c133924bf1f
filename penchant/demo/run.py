"""Run: play, let the last calls finish, and read back what came of it."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.demo.examples import Example, examples
from penchant.demo.keep import keep
from penchant.demo.real_model import with_real_model
from penchant.demo.report import report
from penchant.demo.stage import DemoPlan, Stage, set_up
from penchant.demo.timeline import timeline
from penchant.process.signals import stop_signals

SETTLE_S = 20.0
"""How long the last calls may take after the last event."""

LOOK_S = 0.1

View = Callable[[Stage], AbstractAsyncContextManager[None]]
"""What shows a stage while it runs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report, some shoppers' stories, and whether the play was cut short by a signal. `config` is the settings file
    of what is kept running."""

    report: dict[str, Any]
    examples: list[Example]
    stopped: bool
    config: Path | None = None


async def run(
    plan: DemoPlan, view: View, say: Callable[[str], None], show: Callable[[Outcome], None] = lambda _: None
) -> Outcome:
    """The whole demonstration; `say` takes lines for people, `show` the outcome, after which all may be kept running.
    Raises PlatformLacks, SettingInvalid for a file that it cannot play, and what broke."""
    with stop_signals() as asked:
        async with with_real_model(plan, say) as paced:
            events, speed = await asyncio.to_thread(timeline, paced)
            async with set_up(paced, speed, say) as stage:
                async with view(stage):
                    await _play(stage, events, asked)
                    if not asked.is_set():
                        await _settle(stage, asked)
                kept = plan.keep and not asked.is_set()
                config = keep(stage) if kept else None
                outcome = Outcome(report(stage), await examples(stage), asked.is_set(), config)
                show(outcome)
                if kept:
                    await asked.wait()
                return outcome


async def _play(stage: Stage, events: Any, asked: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(stage.player.play(events, stage.plan.seconds))
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
