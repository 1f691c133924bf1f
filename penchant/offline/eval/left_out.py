"""Left out: what stands when calls are left out while the rules say what they said (calls.unchanged_for_s). Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from agents.worker.asked import Said
from penchant.offline.eval.cases import Case
from prompts.compose import compose
from prompts.view import PromptView
from streams.records.intents import Findings

HELD = "{}, calls left out"
"""What a predictor scores whose last answer stands meanwhile."""


class Standing(NamedTuple):
    """What can be read at each cut, and at which share of them a call was left out."""

    findings: list[Findings]
    share: float


class _Last(NamedTuple):
    visit: int
    at_ms: int
    said: Said
    findings: Findings


def standing(cuts: Sequence[Case], by_rules: Sequence[Findings], own: Sequence[Findings], for_s: float) -> Standing:
    """`own` are a predictor's findings at the cuts, each visit's in order. Each answer stands for so many seconds, as
    long as the rules say the same in the hot fields."""
    found: list[Findings] = []
    last: _Last | None = None
    left_out = 0
    for case, rules, mine in zip(cuts, by_rules, own, strict=True):
        view = case.shown.view
        said = _said(rules, view)
        held = last is not None and last.visit == case.visit and view.to_ms < last.at_ms + for_s * 1e3
        if last is None or not held or not said.agrees(last.said):
            last = _Last(case.visit, view.to_ms, said, mine)
        else:
            left_out += 1
        found.append(last.findings)
    return Standing(found, round(left_out / max(len(found), 1), 4))


def _said(findings: Findings, view: PromptView) -> Said:
    return Said.by(compose(findings, view, shopper="", source="rules", position="0:0:0", written_at_ms=view.to_ms))
