"""Overview: are intents fresh, and if not, who holds whom up?"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from penchant.console.changes import replica_states
from penchant.console.history import Point
from penchant.console.lines import LINES
from penchant.console.pipeline import Part, blame, states, total
from penchant.console.ranges import Range
from penchant.console.snapshot import Change, Snapshot
from penchant.console.views.banner import banner
from penchant.console.views.stalest import by_cause
from penchant.console.words import MISSING, Figure, count, many, money, rate, seconds, share
from penchant.operations.inspection.stalest import Stale
from storage.activity import Activity

DECIDED = ("switch", "experiment", "replay")
"""Kinds of the activity log that stand in a chart: what concerns all."""

EXAMPLES = 3
"""Shoppers that are shown of each cause."""

TITLES: Mapping[Part, str] = {
    "kafka": "Kafka",
    "sessions": "Sessions",
    "backlog": "Backlog",
    "models": "Models",
    "grounding": "Grounding",
    "redis": "Redis",
}


def overview(seen: Snapshot, stale: Sequence[Stale], target_s: float) -> dict[str, Any]:
    """Everything that the page shows."""
    cause, held = blame(seen, target_s), states(seen, target_s)
    figures = _figures(seen)
    parts = [
        {"title": title, "state": held.get(part, "fresh"), "figure": figures[part][0], "note": figures[part][1]}
        for part, title in TITLES.items()
    ]
    return {
        "banner": banner(seen),
        "cause": cause,
        "parts": parts,
        "figures": _now(seen, target_s),
        "point": orjson.dumps(_row(seen.now)).decode(),
        "changes": [{"at_ms": each.at_ms, "kind": each.kind, "words": each.words} for each in seen.changes[::-1]][:5],
        "lines": LINES,
        "groups": by_cause(stale, EXAMPLES),
        "unread": len(seen.workers) - len(seen.samples),
        "workers": len(seen.workers),
    }


def _figures(seen: Snapshot) -> Mapping[Part, tuple[Figure, str]]:
    """The figure of each part, and a few words beside it."""
    now, partitions = seen.now, sum(len(worker.get("partitions", ())) for worker in seen.workers.values())
    replicas = replica_states(seen)
    usable = sum(state != "out" for state in replicas.values())
    servers = f"{usable} of {len(replicas):,} replicas · " if replicas else ""
    away = sum("redis" in worker.get("away", {}) for worker in seen.workers.values())
    redis = "does not answer" if seen.away else f"away for {many(away, 'worker')}" if away else "answers"
    return {
        "kafka": (rate(now.events_per_s), f"lag {total(seen, 'lag'):,.0f} · {many(partitions, 'partition')}"),
        "sessions": (count(seen.total("sessions")), f"in memory of {many(len(seen.workers), 'worker')}"),
        "backlog": (count(total(seen, "owed")), "shoppers owed a call"),
        "models": (
            rate(now.calls_per_s),
            f"{servers}{total(seen, 'in_flight'):,.0f} of {total(seen, 'limit'):,.0f} slots",
        ),
        "grounding": (count(seen.total("claims_ungrounded_total")), "claims removed since the start"),
        "redis": (rate(now.intents_per_s), f"intents written · {redis}"),
    }


def _now(seen: Snapshot, target_s: float) -> Sequence[tuple[Figure, str]]:
    now = seen.now
    per_call = now.events_per_s / now.calls_per_s if now.events_per_s and now.calls_per_s else None
    return [
        (seconds(now.p50_s), "half are readable within"),
        (seconds(now.p95_s), f"95 % are, target {target_s:g} s"),
        (seconds(now.p99_s), "99 % are"),
        (Figure(f"{per_call:.1f}") if per_call else Figure(MISSING), "events a call"),
        (share(now.cached_share), "of prompt tokens cached"),
        (share(now.rules_share), "of intents by rules"),
        (money(now.cost_per_thousand), "per 1,000 intents" if now.cost_per_thousand else "no prices are set"),
        (count(total(seen, "lag")), "events unread"),
    ]


def chart(seen: Snapshot, target_s: float) -> dict[str, Any]:
    """All that the charts show; a page adds the point of each further look. Columns are seconds since the epoch, then
    p50, p95 and p99 in seconds, then one for each of LINES. What changed stands beside them as marks."""
    columns = [list(column) for column in zip(*(_row(point) for point in seen.points), strict=True)]
    marks = [[each.at_ms / 1e3, each.kind, each.words] for each in seen.changes]
    return {"columns": columns, "marks": marks, "target": target_s, "missing": ""}


def chart_of_range(
    found: Range, decided: Sequence[Activity], changed: Iterable[Change], target_s: float
) -> dict[str, Any]:
    """The same over hours: the marks are what was decided for all workers, from the activity log, and what this console
    saw change besides."""
    first_s = (found.columns[0][0] or 0.0) if found.columns else math.inf
    marks = [
        (each.at_ms / 1e3, "calm" if each.value in ("clear", "forward") else "bad", f"{each.name} {each.value}")
        for each in decided
        if each.kind in DECIDED
    ]
    marks += [(each.at_ms / 1e3, each.kind, each.words) for each in changed if each.of == "fleet"]
    marks = sorted(each for each in marks if each[0] >= first_s)
    return {"columns": found.columns, "marks": marks, "target": target_s, "missing": found.missing}


def _row(point: Point) -> tuple[float | None, ...]:
    values = (point.p50_s, point.p95_s, point.p99_s, *(line.value(point) for line in LINES))
    return (point.at_ms / 1e3, *(value if value is None else round(value, 4) for value in values))
