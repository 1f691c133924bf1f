"""Match report: how well a match's steps order candidates, as JSON and as tables on a terminal."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from clients.calls import ModelClient
from penchant.offline.eval.choices import BESIDE, Beside, choices
from penchant.offline.eval.match_model import model_order
from penchant.offline.eval.matching import judged, judged_choices
from penchant.offline.facts import facts
from streams.events.event import ShopperEvent

_BESIDE = {"same": "others of the same categories", "shop": "others from all of the shop, as often as opened"}


@dataclass(frozen=True, slots=True)
class Scoring:
    """The model that scores, and at how many choices of each kind it is asked; they are drawn when there are more."""

    client: ModelClient
    most: int


async def match_report(
    events: Sequence[ShopperEvent], recording: str, seed: int, scoring: Scoring | None = None
) -> dict[str, Any]:
    """What was judged, on what and with what. Where a model scores, all are judged on the choices that it was asked
    about. Raises SettingInvalid for a recording without choices, ModelUnavailable where no model is."""
    before = facts("eval --match", quick=False)
    report = {**before, "recording": recording, "seed": seed}
    if scoring is None:
        return report | {"beside": judged(events, seed)}
    report["model"] = await scoring.client.probe()
    return report | {"beside": {beside: await _scored(events, beside, seed, scoring) for beside in BESIDE}}


async def _scored(events: Sequence[ShopperEvent], beside: Beside, seed: int, scoring: Scoring) -> dict[str, Any]:
    catalogue, made = choices(events, beside, seed)
    if len(made) > scoring.most:
        chosen = sorted(random.Random(seed).sample(range(len(made)), scoring.most))
        made = [made[at] for at in chosen]
    order = await model_order(scoring.client, catalogue, made)
    none = order.without == len(made)
    found = judged_choices(catalogue, made, seed, None if none else order.ranks)
    return found | {"without_scores": order.without, "why": order.why}


def show_match(console: Console, report: Mapping[str, Any]) -> None:
    """A table for each place that the others are from."""
    for beside, each in report["beside"].items():
        title = f"{each['choices']:,} choices of {each['visits']:,} visits, {_BESIDE[beside]}"
        table = Table(title=title, title_justify="left")
        for name in ("ranker", "NDCG@10", "MRR", "gains over the one before"):
            table.add_column(name)
        gains = {step["step"]: step["ndcg_10"] for step in each["steps"]}
        for name in each["rankers"]:
            figures = each["rankers"][name]
            table.add_row(name, _figure(figures["ndcg_10"]), _figure(figures["mrr"]), _gain(gains.get(name)))
        console.print(table)
        if each.get("without_scores"):
            console.print(f"no scores by the model at {each['without_scores']:,} choices: {each['why']}")


def _figure(found: Mapping[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['value']:.3f} ({low:.3f} to {high:.3f})"


def _gain(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return ""
    low, high = found["interval"]
    return f"{found['value']:+.4f} ({low:+.4f} to {high:+.4f}), {'surely' if found['sure'] else 'not surely'}"
