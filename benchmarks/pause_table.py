"""Pause table: how long a worker that holds many sessions holds its loop, for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from benchmarks.tables import foot, table


def show_pause(console: Console, report: Mapping[str, Any]) -> None:
    """A line a phase, of a worker whose shoppers are all owed a call and of one whose shoppers are quiet."""
    shown = table("", "longest turn", "lag p99", "CPU", "hot", "packed", "owed", "MB", "estimated")
    for name, run in report["runs"].items():
        for phase, row in run["phases"].items():
            lag = row["loop_lag_ms"].get("p99", 0.0)
            counts = (f"{row[each]:,}" for each in ("hot", "packed", "owed", "memory_mb", "estimate_mb"))
            shown.add_row(f"{name}: {phase}", f"{row['longest_turn_ms']} ms", f"{lag} ms", f"{row['cpu_s']} s", *counts)
        console.print(f"{name}: the process's end took {run['end_cpu_s']} s of processor time.")
    console.print(shown)
    foot(console, report)
