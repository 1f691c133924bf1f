"""Dead letters: the redrive that runs here, or ran last."""

from dataclasses import dataclass
from typing import Any

from penchant.console.runner import Run
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import many, share

STATES = {"running": "going back", "held": "stopped", "done": "done", "failed": "failed"}


@dataclass(slots=True, kw_only=True)
class RedriveRun(Run):
    """Letters that go back: refused for `refused_for`, or for whatever where that is empty; how many were looked at, of
    how many that there were before."""

    refused_for: str
    looked: int = 0
    letters: int = 0


def redriving(run: RedriveRun | None, seen: Snapshot) -> dict[str, Any]:
    """Everything that changes on the page by itself."""
    if run is None:
        return {"banner": banner(seen), "run": None}
    part = share(min(run.looked / run.letters, 1.0)) if run.letters else None
    looked = many(run.looked, "letter was", "letters were")
    words = f"{looked} looked at" + (f", {part} of them all" if part and run.state == "running" else "")
    shown = {"state": run.state, "title": STATES[run.state], "who": run.who, "refused_for": run.refused_for}
    return {"banner": banner(seen), "run": shown | {"words": [f"{words}.", *run.words]}}
