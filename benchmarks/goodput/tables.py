"""Tables: the report of goodput for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from benchmarks.tables import foot, table

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
    _show_sharing(console, report)
    aims = table("aim", "found", "wanted", "met")
    for name, aim in report["aims"].items():
        aims.add_row(name, _figure(aim["found"]), _figure(aim["aim"]), "yes" if aim["met"] else "no")
    console.print(aims)
    console.print(f"A load of 1 is {report['unit_rate']:g} events/s, which one call an event just holds.")
    foot(console, report)


def _show_without(console: Console, report: Mapping[str, Any]) -> None:
    if not report["without"]:
        return
    without = table("without", "holds", "GPU s a fresh intent", "cached", "at 1.5 times the limit", "urgent")
    for row in report["without"]:
        limit, beyond = row["limit"], row["beyond"] or {}
        cost = _figure(limit.get("gpu_s_per_fresh_intent"))
        shares = (limit.get("cached_share"), beyond.get("fresh_share"), beyond.get("urgent_fresh_share"))
        without.add_row(
            row["without"], f"{row['held']:.0%}", cost, *("" if share is None else f"{share:.1%}" for share in shares)
        )
    console.print(without)


def _show_sensitivity(console: Console, report: Mapping[str, Any]) -> None:
    if not report["sensitivity"]:
        return
    changed = table("GPU with", "holds, by one call an event", "urgent at 5 times that", "cached", "cost beside it")
    for row in report["sensitivity"]:
        if row["operator_rate"] is None:
            changed.add_row(f"{row['parameter']} x {row['factor']:g}", "nothing", "", "", "")
            continue
        rate = f"{row['operator_rate']:g} events/s"
        shares = (f"{row[name]:.1%}" for name in ("urgent_fresh_share", "cached_share"))
        changed.add_row(f"{row['parameter']} x {row['factor']:g}", rate, *shares, _figure(row["cost"]))
    console.print(changed)


def _show_sharing(console: Console, report: Mapping[str, Any]) -> None:
    if not report["sharing"]:
        return
    shared = table("live beside", "live p50", "live p95", "times alone", "live calls", "replay's calls")
    for row in report["sharing"]:
        times = (_seconds(row["live"]["freshness_s"][name]) for name in ("p50", "p95"))
        replay = f"{row['replay']['calls']:,}" if "replay" in row else ""
        shared.add_row(row["beside"], *times, _figure(row["p95_times"]), f"{row['live']['calls']:,}", replay)
    console.print(shared)


def show_real(console: Console, report: Mapping[str, Any]) -> None:
    """Real and virtual time, side by side."""
    shown = table("", "real time", "virtual time")
    for name, value in report["real"].items():
        if not isinstance(value, dict):
            shown.add_row(name.replace("_", " "), f"{value:,}", f"{report['virtual'][name]:,}")
            continue
        for key, each in value.items():
            shown.add_row(f"{name.replace('_s', '')} {key}", _seconds(each), _seconds(report["virtual"][name][key]))
    console.print(shown)
    foot(console, report)


def show_incident(console: Console, report: Mapping[str, Any]) -> None:
    """What happened, and what the system said of it."""
    shown = table("after", "what", "why")
    rows = [(each["at_s"], each["what"], "") for each in report["happened"]]
    rows += [(each["at_s"], f"{each['who']} {each['kind']}", each["why"]) for each in report["notices"]]
    for at_s, what, why in sorted(rows):
        shown.add_row(f"{at_s:.1f} s", what, why)
    console.print(shown)
    whole = report["whole"]
    console.print(f"{whole['fresh_share']:.1%} in time, {whole['urgent_fresh_share']:.1%} of the urgent.")
    foot(console, report)


def show_match(console: Console, report: Mapping[str, Any]) -> None:
    """Each round's matches, and the aims."""
    rounds = table("seed", "matches a second", "p50 ms", "p95 ms", "p99 ms", "computed tokens", "live p95 s, alone")
    for each in report["rounds"]:
        match, live = each["beside"]["match"], each["beside"]["live"]["freshness_s"]["p95"]
        times = [f"{match[name]:g}" for name in ("p50_ms", "p95_ms", "p99_ms", "computed_tokens")]
        alone = each["alone"]["live"]["freshness_s"]["p95"]
        rounds.add_row(str(each["seed"]), f"{each['matches_per_second']:g}", *times, f"{live:g}, {alone:g}")
    console.print(rounds)
    aims = table("aim", "found", "wanted", "met")
    for name, aim in report["aims"].items():
        aims.add_row(name, f"{aim['found']:g}", f"at most {aim['aim']:g}", "yes" if aim["met"] else "NO")
    console.print(aims)
    foot(console, report)


def _cells(row: Mapping[str, Any]) -> list[str]:
    times = (row["freshness_s"][name] for name in ("p50", "p95", "p99"))
    return [
        f"{row['fresh_share']:.1%}",
        f"{row['urgent_fresh_share']:.1%}",
        *map(_seconds, times),
        f"{row['calls']:,}",
        f"{row['prefilled_tokens']:,}",
        f"{row['cached_share']:.1%}",
        _figure(row["gpu_s_per_fresh_intent"]),
    ]


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} s"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
