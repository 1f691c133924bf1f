"""Show: the report of goodput as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from penchant.bench.show import foot, table

COLUMNS = (
    "system",
    "load",
    "fresh",
    "urgent",
    "p50",
    "p95",
    "p99",
    "calls",
    "prefilled",
    "cached",
    "GPU s a fresh intent",
)


def show_goodput(console: Console, report: Mapping[str, Any]) -> None:
    """Freshness and cost by load, what each thing contributes, other GPUs, and the aims."""
    loads = table(*COLUMNS, "most waiting")
    for row in report["loads"]:
        loads.add_row(row["system"], f"{row['load']:g}", *_cells(row), f"{row['most_waiting']:,}")
    console.print(loads)
    _show_without(console, report)
    _show_sensitivity(console, report)
    aims = table("aim", "found", "wanted", "met")
    for name, aim in report["aims"].items():
        aims.add_row(name, _figure(aim["found"]), _figure(aim["aim"]), "yes" if aim["met"] else "no")
    console.print(aims)
    console.print(f"A load of 1 is {report['unit_rate']:g} events/s, which one call an event just holds.")
    foot(console, report)


def _show_without(console: Console, report: Mapping[str, Any]) -> None:
    if not report["without"]:
        return
    without = table("without", *COLUMNS[1:])
    for row in report["without"]:
        without.add_row(row["without"], f"{row['load']:g}", *_cells(row))
    console.print(without)


def _show_sensitivity(console: Console, report: Mapping[str, Any]) -> None:
    if not report["sensitivity"]:
        return
    changed = table("GPU with", "holds, by one call an event", "urgent at 5 times that", "cached", "cost beside it")
    for row in report["sensitivity"]:
        rate = "nothing" if row["operator_rate"] is None else f"{row['operator_rate']:g} events/s"
        shares = (f"{row[name]:.1%}" for name in ("urgent_fresh_share", "cached_share"))
        changed.add_row(f"{row['parameter']} x {row['factor']:g}", rate, *shares, _figure(row["cost"]))
    console.print(changed)


def _cells(row: Mapping[str, Any]) -> list[str]:
    times = (row["freshness_s"][name] for name in ("p50", "p95", "p99"))
    return [
        f"{row['fresh_share']:.1%}",
        f"{row['urgent_fresh_share']:.1%}",
        *("never" if each is None else f"{each:.1f} s" for each in times),
        f"{row['calls']:,}",
        f"{row['prefilled_tokens']:,}",
        f"{row['cached_share']:.1%}",
        _figure(row["gpu_s_per_fresh_intent"]),
    ]


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
