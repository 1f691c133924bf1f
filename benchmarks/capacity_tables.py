"""Capacity tables: what a fleet can hold, for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console

from benchmarks.tables import foot, table


def show_disaggregated(console: Console, report: Mapping[str, Any]) -> None:
    """What each layout holds; what routing by the KV cache is worth; what long prompts do to live ones."""
    held = table("requests", "GPUs", "requests/s", "a GPU", "first token p95", "between tokens p95", "whole p95")
    for row in report["holds"]:
        if row["rate"]:
            each = f"{row['rate'] / row['gpus']:.2f}"
            held.add_row(row["shape"], row["layout"], f"{row['rate']:g}", each, *_p95(row))
        else:
            held.add_row(row["shape"], row["layout"], "none")
    console.print(held)
    routed = table("requests", "routed by", "cached", "first token p50", "p95", "p99", "whole p95")
    for row in report["routed"]:
        first = (f"{row['first_token_ms'][name]:,.0f} ms" for name in ("p50", "p95", "p99"))
        whole = f"{row['whole_ms']['p95']:,.0f} ms"
        routed.add_row(row["shape"], ROUTED[row["spread"]], f"{row['cached_share']:.1%}", *first, whole)
    console.print(routed)
    beside = table("chunk of a prompt", "", "first token p95", "between tokens p95", "whole p95")
    for row in report["long_prompts"]:
        for name, title in (("alone", "live alone"), ("live", "live beside long"), ("long", "the long ones")):
            beside.add_row(f"{row['chunk']:,}", title, *_p95(row[name]))
    console.print(beside)
    foot(console, report)


ROUTED = {"shopper": "shopper", "least": "fewest requests"}


def _p95(row: Mapping[str, Any]) -> list[str]:
    return [f"{row[name]['p95']:,.0f} ms" for name in ("first_token_ms", "between_tokens_ms", "whole_ms")]


def show_routing(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each size of a pool, in microseconds of processor time."""
    shown = table("replicas", "a whole call", "its own replica", "another one", "a realtime call's", "none has room")
    for row in report["routing"]:
        figures = (row[name] for name in ("call_us", "own_us", "others_us", "realtime_us", "full_us"))
        shown.add_row(f"{row['replicas']:,}", *(f"{figure:g} us" for figure in figures))
    console.print(shown)
    foot(console, report)


def show_next_day(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each figure: as it was foretold, as it happened, by how much it was off, and as that day is played."""
    shown = table("figure", "foretold", "happened", "off by", "played afterwards")
    for name, row in report["figures"].items():
        off = report["off"][name]
        told = (f"{row['foretold']:,}", f"{row['happened']:,}", "-" if off is None else f"{off:+.1%}")
        shown.add_row(name, *told, f"{row['afterwards']:,}")
    console.print(shown)
    verdict = "within" if report["held"] else "not within"
    console.print(f"Freshness p95 and cost are {verdict} 10 % of what happened, with {report['way'] or 'no change'}.")
    foot(console, report)


def show_tuning(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each traffic, on the half that nothing was chosen on; and how others fared."""
    shown = table("traffic", "target", "in time", "with 0.1.0", "saved", "chosen")
    for name, row in report["traffics"].items():
        shares = (f"{row[each]['in_time_for_next']:.3f}" for each in ("chosen", "before"))
        shown.add_row(name, row["target"], *shares, f"{row['saved']:.1%}", row["words"])
    console.print(shown)
    fresh = report["fresh"]
    console.print(f"{fresh['missed']} of {len(fresh['shares'])} others miss {fresh['target']}: {fresh['words']}.")
    foot(console, report)


def show_jobs(console: Console, report: Mapping[str, Any]) -> None:
    """A line for each policy, by its best level whose live p95 is within bounds."""
    shown = table("jobs by", "calls at once", "tokens", "live p95, times alone")
    for policy, best in report["best"].items():
        told = (f"{best['level']}", f"{best['job_tokens']:,}", f"{best['p95_times']:g}") if best else ("none", "", "")
        shown.add_row(policy, *told)
    console.print(shown)
    console.print(f"After a flash sale began live calls took longer for {report['sale_recovers_s']} s.")
    foot(console, report)


def show_console(console: Console, report: Mapping[str, Any]) -> None:
    """What browsing costs, and whom."""
    plan, (first, last) = report["plan"], report["memory_mb"]
    fleet = f"{plan['workers']} workers, {plan['partitions']} partitions"
    console.print(f"{fleet}, {plan['browsers']} browsers, {plan['seconds']:g} s.")
    alone, more = report["redis_share_alone"], report["redis_share"]
    console.print(f"Redis: {more:.2%} of a core for the console, beside {alone:.2%} for the workers' heartbeats.")
    console.print(f"The console: {report['cpu_ms_per_look']} ms of a core for each of {report['looks']} looks.")
    console.print(
        f"Its memory: {first} MB, and {last} MB at the end; largest event {report['largest_event_bytes']:,} bytes."
    )
    foot(console, report)
