"""Match report: how well a match's first step orders candidates, as JSON and as tables on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from penchant.offline.eval.matching import RANKERS, judged
from penchant.offline.facts import facts
from streams.events.event import ShopperEvent

_BESIDE = {"same": "others of the same categories", "shop": "others from all of the shop, as often as opened"}


def match_report(events: Sequence[ShopperEvent], recording: str, seed: int) -> dict[str, Any]:
    """What was judged, on what and with what."""
    before = facts("eval --match", quick=False)
    return {**before, "recording": recording, "seed": seed, "beside": judged(events, seed)}


def show_match(console: Console, report: Mapping[str, Any]) -> None:
    """A table for each place that the others are from."""
    for beside, each in report["beside"].items():
        title = f"{each['choices']:,} choices of {each['visits']:,} visits, {_BESIDE[beside]}"
        table = Table(title=title, title_justify="left")
        for name in ("ranker", "NDCG@10", "MRR", "gains over the one before"):
            table.add_column(name)
        gains = {step["step"]: step["ndcg_10"] for step in each["steps"]}
        for name in RANKERS:
            figures = each["rankers"][name]
            table.add_row(name, _figure(figures["ndcg_10"]), _figure(figures["mrr"]), _gain(gains.get(name)))
        console.print(table)


def _figure(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['value']:.3f} ({low:.3f} to {high:.3f})"


def _gain(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{found['value']:+.4f} ({low:+.4f} to {high:+.4f}), {'surely' if found['sure'] else 'not surely'}"
