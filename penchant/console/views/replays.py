"""Replays: the one that runs here, those that Redis holds, and what one would change."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from penchant.console.replay_runner import ReplayRun
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import count, many, seconds, share
from penchant.operations.replay.held import Differences, NamedReplay

STATES = {
    "running": "A replay runs",
    "held": "A replay is held",
    "done": "A replay is done",
    "failed": "A replay failed",
}


def replays(run: ReplayRun | None, held: Sequence[NamedReplay], seen: Snapshot) -> dict[str, Any]:
    """Everything that the page shows."""
    return {
        "banner": banner(seen),
        "answer": f"{STATES[run.state]}: {run.request.command()}" if run else "This console runs no replay.",
        "run": None if run is None else _run(run),
        "held": [
            {
                "namespace": each.namespace,
                **{name: each.held.plan.get(name, "") for name in ("prompt", "model", "range")},
                "partitions": count(len(each.held.offsets)),
                "is_done": each.held.is_done,
            }
            for each in held
        ],
    }


def compared(namespace: str, found: Differences) -> dict[str, Any]:
    """What a replay would change."""
    report = found.comparison.report()
    changed = {name: str(share(report[f"{name}_changed"])) for name in ("missions", "stages", "categories")}
    both = many(found.comparison.both, "shopper")
    return {
        "namespace": namespace,
        "answer": f"Of {both} with both intents, {changed['missions']} would be given another mission.",
        "reason": f"Another stage: {changed['stages']}; another first category: {changed['categories']}; at the same "
        f"offset: {share(report['same_offset'])}.",
        "moves": report["most_changed_missions"],
        "examples": found.comparison.examples,
        "prompts": found.prompts,
    }


def _run(run: ReplayRun) -> dict[str, Any]:
    tally, done, total = run.progress.tally, run.progress.tally.records + run.progress.resumed, run.progress.total
    figures = [
        (share(min(done / total, 1.0) if total else None), f"of {many(total, 'record')}" if total else "read"),
        (count(tally.intents), "intents"),
        (count(tally.calls), "calls"),
        (count(tally.call_failures), "calls failed"),
    ]
    if run.state == "running":
        figures.append((seconds(time.monotonic() - run.began_s), "since it began"))
    target = run.plan.namespace or "the live keys"
    again = replace(run.request, afresh=False, generation=run.plan.generation)
    return {"state": run.state, "who": run.who, "target": target, "figures": figures, "words": run.words,
        "again": again}  # fmt: skip
