"""Show, for people: what a worker holds with a call an event, and what it adds to the model's time."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from benchmarks.show import foot, table


def show_steady(console: Console, report: Mapping[str, Any]) -> None:
    """A line a rate; below them what is held, and where the processor's time went."""
    shown = table("events/s", "held", "calls an event", "CPU an event", "lag grows by", "loop lag p99", "at most")
    for row in report["runs"]:
        lag = row["loop_lag_ms"]
        figures = f"{row['calls_per_event']:g}", f"{row['cpu_us_per_event']:,} us", f"{row['lag_growth']:g} s/s"
        late = f"{lag['p99']} ms", f"{lag['max']} ms"
        shown.add_row(f"{row['rate']:,g}", "yes" if row["held"] else "no", *figures, *late)
    console.print(shown)
    console.print(
        f"A core holds {report['events_per_second_core']:,g} events a second with "
        f"{report['calls_per_second_core']:,g} calls; by processor time {report['events_per_cpu_second']:,} events."
    )
    parts = ", ".join(f"{part} {each:g}" for part, each in report["parts_us"].items())
    console.print(f"Microseconds of CPU an event: {parts}.")
    server = report["server"]
    console.print(
        f"The server on the other core used {server['cpu_us_per_call']} us a call, "
        f"of {server['events_per_answer']} server-sent events each."
    )
    foot(console, report)


def show_latency(console: Console, report: Mapping[str, Any]) -> None:
    """A line a rate: what is added in all, and by part."""
    parts = list(report["runs"][0]["parts_ms"])
    shown = table("events/s", "added p50", "p99", *(f"{part} p50/p99" for part in parts), "CPU an event")
    for row in report["runs"]:
        cells = (f"{row['parts_ms'][part]['p50']:g}/{row['parts_ms'][part]['p99']:g}" for part in parts)
        added = row["added_ms"]
        cost = f"{row['cpu_us_per_event']:,} us"
        shown.add_row(f"{row['rate']:,g}", f"{added['p50']:g} ms", f"{added['p99']:g} ms", *cells, cost)
    console.print(shown)
    console.print("fetch: append to agent; fold: to the call's turn; prompt: to the model; intent: from the answer to")
    console.print("the store's door; write: to readable. All in milliseconds; the model's own time is left out.")
    foot(console, report)
