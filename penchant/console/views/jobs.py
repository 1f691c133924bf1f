"""Jobs: what runs beside live traffic, how far it is, and what teams have spent."""

from collections.abc import Callable
from typing import Any

from clients.pools.endpoints import Price
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import MISSING, Figure, count, many, money, rate, seconds, share
from penchant.operations.jobs import JobView, bills, views
from storage.jobs import Jobs

SHOWN = 100
"""So many jobs are shown; those that go first come first."""

STATES = {
    "running": "model",
    "waiting": "",
    "paused": "slow",
    "cancelled": "",
    "done": "fresh",
    "failed": "bad",
    "expired": "bad",
}
"""The look of each state's tag."""


def jobs(there: Jobs, price: Callable[[str], Price | None], seen: Snapshot, unread: str) -> dict[str, Any]:
    """Everything that the page of all shows; `unread` says why they could not be read now."""
    found = views(there)
    states = [each.state for each in found]
    running, waiting = states.count("running"), states.count("waiting")
    in_flight = sum(runner.in_flight for runner in there.runners.values())
    runners = many(len(there.runners), "runner")
    answer = f"{many(running, 'job runs', 'jobs run')}, {waiting:,} {'waits' if waiting == 1 else 'wait'}."
    return {
        "banner": banner(seen),
        "answer": f"They cannot be read now: {unread}" if unread else answer if found else "No job was submitted.",
        "reason": f"{runners} alive, {many(in_flight, 'call')} in flight. Jobs take what live traffic leaves; "
        "share-batch holds them.",
        "rows": [_row(each) for each in found[:SHOWN]],
        "left_out": max(len(found) - SHOWN, 0),
        "bills": [
            {"team": bill.team, "use_case": bill.use_case, "calls": count(bill.calls), "failed": count(bill.failed),
             "input": count(bill.input_tokens), "cached": count(bill.cached_tokens),
             "output": count(bill.output_tokens), "mean": seconds(bill.mean_call_s), "cost": money(bill.cost)}
            for bill in bills(there, price)
        ],
    }  # fmt: skip


def job(there: Jobs, name: str, seen: Snapshot) -> dict[str, Any] | None:
    """Everything that the page of one shows; None where there is none of the name."""
    found = next((each for each in views(there) if each.job.id == name), None)
    if found is None:
        return None
    it, progress, made = found.job, found.progress, found.progress.input_tokens + found.progress.output_tokens
    facts = [
        ("Kind", it.kind), ("Team", it.team), ("Use case", it.use_case), ("Submitted by", it.who),
        ("File", it.file), ("Folder", it.folder), ("Runner", found.runner or "none"),
        ("Goes behind", "" if found.place is None else many(found.place, "job")), ("Why", it.why),
        ("Waits because", found.waits),
    ]  # fmt: skip
    figures = [
        (_part(found), "done"), (count(progress.done), _of(progress.total)), (count(progress.failed), "failed"),
        (_pace(found), "at the pace of this run"), (seconds(_left_s(found)), "left"), (count(progress.calls), "calls"),
        (count(made), "tokens"), (money(progress.cost), "cost at the stated prices"),
    ]  # fmt: skip
    row = _row(found)
    return {"banner": banner(seen), "row": row, "facts": [each for each in facts if each[1]], "figures": figures}


def _row(found: JobView) -> dict[str, Any]:
    it, progress = found.job, found.progress
    return {
        "id": it.id,
        "state": found.state,
        "look": STATES[found.state],
        "kind": it.kind,
        "of": f"{it.team}, {it.use_case}",
        "priority": it.priority,
        "deadline_ms": it.deadline_ms,
        "part": _part(found),
        "width": f"{progress.done / progress.total:.1%}" if progress.total else "0%",
        "done": f"{progress.done:,} {_of(progress.total)}" if progress.total else count(progress.done),
        "pace": _pace(found),
        "left": seconds(_left_s(found)),
        "tokens": count(progress.input_tokens + progress.output_tokens),
        "cost": money(progress.cost),
    }


def _of(total: int | None) -> str:
    return "items" if total is None else f"of {total:,}"


def _part(found: JobView) -> Figure:
    total = found.progress.total
    return share(min(found.progress.done / total, 1.0)) if total else Figure(MISSING)


def _pace(found: JobView) -> Figure:
    progress = found.progress
    took_s = (progress.at_ms - progress.began_ms) / 1e3
    return rate((progress.done - progress.kept) / took_s if found.state == "running" and took_s > 0 else None)


def _left_s(found: JobView) -> float | None:
    return found.progress.left_s() if found.state == "running" else None
