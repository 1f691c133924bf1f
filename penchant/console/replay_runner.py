"""Replay runner: the one replay that this console runs, by the function that the command calls."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import structlog
from starlette.exceptions import HTTPException

from agents.replay.calls import ReplayCounts
from penchant.operations.replay import summary
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.request import ReplayRequest
from penchant.operations.replay.run import replay
from penchant.settings.root import Settings

State = Literal["running", "held", "done", "failed"]

CLOSE_S = 10.0

log = structlog.get_logger()


@dataclass(slots=True)
class ReplayRun:
    """One run: who asked for what, how far it is, and what it came to. `began_s` is the loop's clock."""

    request: ReplayRequest
    plan: ReplayPlan
    who: str
    began_s: float
    progress: Progress
    state: State = "running"
    words: Sequence[str] = ()


class ReplayRunner:
    """One at a time. A run that is held, or that this process's end cuts short, goes on when it is started again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._task: asyncio.Task[None] | None = None
        self.run: ReplayRun | None = None

    def check_free(self) -> None:
        """HTTPException 409 while one runs."""
        if self._task is not None and not self._task.done():
            raise HTTPException(409, "a replay runs already: hold it first, or run another on the command line")

    def start(self, request: ReplayRequest, plan: ReplayPlan, who: str) -> None:
        """Begin, or go on with the same. HTTPException 409 while another one runs."""
        self.check_free()
        self.run = ReplayRun(request, plan, who, time.monotonic(), Progress(ReplayCounts()))
        self._task = asyncio.create_task(self._serve(self.run))
        self._task.add_done_callback(partial(_held, self.run))

    async def hold(self) -> None:
        """Stop it. What it has written stays, and where it stopped is remembered."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_S)

    async def _serve(self, run: ReplayRun) -> None:
        try:
            outcome = await replay(run.request.settings(self._settings), run.plan, run.progress)
        except Exception as error:  # the boundary: a replay that fails ends no console
            run.state, run.words = "failed", _leaves(error)
            log.warning("replay.failed", namespace=run.plan.namespace, error=str(error), exc_info=True)
        else:
            run.state, run.words = "done", summary.lines(outcome)


def _held(run: ReplayRun, task: asyncio.Task[None]) -> None:
    """However long it took to stop, and also where it had not begun."""
    if task.cancelled():
        run.state = "held"


def _leaves(error: Exception) -> list[str]:
    """What was raised, without the groups that it came in."""
    if isinstance(error, ExceptionGroup):
        return [words for each in error.exceptions for words in _leaves(each)]
    return [str(error) or type(error).__name__]
