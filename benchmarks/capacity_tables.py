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
