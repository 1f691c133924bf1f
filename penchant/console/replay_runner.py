"""Replay runner: the one replay that this console runs, by the function that the command calls."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from agents.replay.calls import ReplayCounts
from penchant.console.runner import Run, Runner
from penchant.operations.replay import summary
from penchant.operations.replay.plan import ReplayPlan
from penchant.operations.replay.progress import Progress
from penchant.operations.replay.request import ReplayRequest
from penchant.operations.replay.run import replay
from penchant.settings.root import Settings

BUSY = "a replay runs already: hold it first, or run another on the command line"


@dataclass(slots=True, kw_only=True)
class ReplayRun(Run):
    """A replay: what was asked for, and how far it is."""

    request: ReplayRequest
    plan: ReplayPlan
    progress: Progress


class ReplayRunner(Runner[ReplayRun]):
    """A run that is held, or that this process's end cuts short, goes on when it is begun again."""

    def __init__(self, settings: Settings) -> None:
        super().__init__("replay", BUSY)
        self._settings = settings

    def begin(self, request: ReplayRequest, plan: ReplayPlan, who: str) -> None:
        """Begin, or go on with the same. HTTPException 409 while another one runs."""
        run = ReplayRun(
            who=who, began_s=time.monotonic(), request=request, plan=plan, progress=Progress(ReplayCounts())
        )

        async def work() -> Sequence[str]:
            return summary.lines(await replay(request.settings(self._settings), plan, run.progress))

        self.start(run, work)
