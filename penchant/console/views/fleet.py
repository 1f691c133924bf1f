"""Fleet: workers and their partitions, and which of them falls behind."""

from collections.abc import Iterator, Mapping
from heapq import nlargest
from typing import Any

from penchant.console.samples import Samples
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import MISSING, count, many, seconds

LAGS = (0, 100, 1_000, 10_000)
"""From which lag on a partition has the next darker colour; they are offsets."""

MOST_WORKERS, MOST_PARTITIONS = 250, 1_000
"""What is shown at the most, the furthest behind among them: a page of more is read by nobody, and sent each second."""


def fleet(seen: Snapshot) -> dict[str, Any]:
    """A row a worker, and a cell a partition."""
    paused = "the switch pause" if "pause" in seen.switches else ""
    rows = [_worker(name, told, seen.samples.get(name), paused) for name, told in sorted(seen.workers.items())]
    cells = sorted((cell for row in rows for cell in row["cells"]), key=lambda cell: cell["number"])
    versions = sorted({row["version"] for row in rows})
    worst = max(cells, key=lambda cell: cell["lag"] or 0, default=None)
    answer = f"{many(len(rows), 'worker')} alive, {many(len(cells), 'partition')}."
    reason = f"All run version {versions[0]}." if len(versions) == 1 else f"Versions: {', '.join(versions)}."
    if worst is not None and worst["lag"]:
        reason += f" Furthest behind is partition {worst['number']}, by {worst['lag']:,.0f}."
    return {
        "banner": banner(seen),
        "answer": answer,
        "reason": reason,
        "rows": _furthest(rows, MOST_WORKERS, "behind", "name"),
        "cells": _furthest(cells, MOST_PARTITIONS, "lag", "number"),
        "left_out": (max(len(rows) - MOST_WORKERS, 0), max(len(cells) - MOST_PARTITIONS, 0)),
    }


def _furthest(rows: list[dict[str, Any]], most: int, lag: str, order: str) -> list[dict[str, Any]]:
    """Those that are furthest behind, in their usual order, so that none jumps."""
    return sorted(nlargest(most, rows, key=lambda row: row[lag] or 0), key=lambda row: row[order])


def _worker(name: str, told: Mapping[str, Any], samples: Samples | None, paused: str) -> dict[str, Any]:
    cells = list(_cells(name, told, samples, paused))
    fresh, lag_ms = told.get("freshness_p95_ms"), told.get("loop_lag_p99_ms")
    return {
        "name": name,
        "version": str(told.get("version", MISSING)),
        "prompt": told.get("prompt", MISSING),
        "partitions": len(told.get("partitions", ())),
        "behind": told.get("lag"),
        "lag": count(told.get("lag")),
        "owed": count(told.get("owed")),
        "slots": f"{told.get('in_flight', MISSING)} of {told.get('limit', MISSING)}",
        "p95": seconds(None if fresh is None else fresh / 1e3),
        "loop": seconds(None if lag_ms is None else lag_ms / 1e3),
        "away": ", ".join(f"{server}: {why}" for server, why in told.get("away", {}).items()),
        "commit": seconds(max((cell["commit_s"] for cell in cells if cell["commit_s"] is not None), default=None)),
        "rebalances": count(told.get("rebalances")),
        "cells": cells,
    }


def _cells(name: str, told: Mapping[str, Any], samples: Samples | None, switch: str) -> Iterator[dict[str, Any]]:
    """Each partition of a worker; without its metrics only that it has it. `switch` is what holds all of them."""
    wanted = ("lag_offsets", "uncovered_age_seconds", "commit_age_seconds", "paused")
    lags, ages, commits, paused = (_by_partition(samples, f"partition_{what}") for what in wanted)
    why = switch or ("Redis is away" if "redis" in told.get("away", {}) else "a bound of its worker is reached")
    for number in told.get("partitions", ()):
        lag, age_s = lags.get(number), ages.get(number)
        shade = 0 if lag is None else sum(lag > bound for bound in LAGS)
        words = [f"partition {number}", name, f"lag {count(lag)}", f"oldest uncovered {seconds(age_s)}",
                 f"commit stands for {seconds(commits.get(number))}"]  # fmt: skip
        if paused.get(number):
            words.append(f"paused: {why}")
        yield {"number": number, "lag": lag, "shade": shade, "paused": bool(paused.get(number)), "words": words,
               "commit_s": commits.get(number)}  # fmt: skip


def _by_partition(samples: Samples | None, name: str) -> Mapping[int, float]:
    rows = samples.rows(name) if samples is not None else ()
    return {int(labels["partition"]): value for labels, value in rows if labels.get("partition", "").isdecimal()}
