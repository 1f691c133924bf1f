"""Run: replay a recording, let everybody guess, score them, and check the harness itself."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from clients.calls import ModelClient
from penchant.offline.eval import judge as judging
from penchant.offline.eval.answers import Subject
from penchant.offline.eval.bounds import KNOWING, KNOWING_OTHERS
from penchant.offline.eval.cases import Case, Cases, shuffled
from penchant.offline.eval.comparison import comparisons, far_from_chance, farthest
from penchant.offline.eval.judge import Pair
from penchant.offline.eval.measures import CURVES, target
from penchant.offline.eval.raw_answers import RawAnswers
from penchant.offline.eval.scores import reliability
from penchant.offline.eval.scoring import LEARNED, PREDICTED, EvalPlan, Progress, Scored, score
from penchant.offline.facts import facts
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.events.recording import recording
from streams.events.withholding import Withholding

MOST_ROWS = 500_000
"""Rows of a file that are read at the most: they are put in order in memory."""

CHECK_SESSIONS = 200
"""Sessions of shuffled events on which every eval checks its own harness."""


@dataclass(frozen=True, slots=True)
class Judging:
    """The judge, on how many pairs, and what people said of pairs: the winner's name or `tie`, by pair."""

    client: ModelClient
    pairs: int = 100
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report, the pairs that the judge was shown, and whether harness and judge let it pass."""

    report: dict[str, Any]
    pairs: list[dict[str, Any]]
    passed: bool


def read(path: Path, privacy: PrivacyRules) -> list[ShopperEvent]:
    """The events of a recording, without what is sensitive; SettingInvalid when it holds none. Reads a file: call it in
    a thread."""
    withholding = Withholding(privacy)
    rows = islice(recording(path), MOST_ROWS)
    kept = (withholding.left(event).event for event in rows if isinstance(event, ShopperEvent))
    found = [event for event in kept if event is not None]
    if not found:
        raise SettingInvalid("the file holds no event", "look at its rows; see docs/eval.md")
    return found


async def run(
    plan: EvalPlan,
    events: Sequence[ShopperEvent],
    subjects: Sequence[Subject],
    judge: Judging | None,
    progress: Progress,
    kept: RawAnswers | None = None,
) -> Outcome:
    """Score rules and subjects on a recording; answers that are `kept` are not asked for again. Raises ModelUnavailable
    when a model does not answer, SettingInvalid for a recording without sessions to cut."""
    kept = kept or RawAnswers()
    mixed = shuffled(events, plan.seed)
    shown = mixed if plan.shuffled else events
    cut, foresights = plan.cut(shown, plan.sessions, plan.seed), plan.foresights(shown)
    if not cut.cases:
        raise SettingInvalid("no session of the file has three events", "a longer recording has some")
    scored = await score(cut, plan, foresights, subjects, progress, kept)
    check = scored
    if not plan.shuffled:
        few = plan.cut(mixed, min(CHECK_SESSIONS, plan.sessions), plan.seed)
        ours = [each for each in subjects if each.simulation]  # others cost time or money, and the harness is the same
        check = await score(few, plan, plan.foresights(mixed), ours, progress, kept, ", shuffled")
    honest = {name: each for name, each in check.scores.items() if name not in {KNOWING, KNOWING_OTHERS}}
    far = far_from_chance(honest)
    report = _report(plan, cut, len(events), scored)
    report["learned"] = foresights.what
    report["left_out"] = {"unchanged_for_s": plan.unchanged_for_s, "shares": scored.left_out}
    report["check"] = {"passed": not far, **farthest(honest), "far_from_chance": far}
    pairs: list[dict[str, Any]] = []
    if judge is not None and subjects:
        report["judge"], pairs = await _judge(judge, cut, scored, plan, progress)
    return Outcome(report, pairs, not far and report.get("judge", {}).get("passed", True))


def _report(plan: EvalPlan, cut: Cases, events: int, scored: Scored) -> dict[str, Any]:
    models = {name: each.report(scored.table) for name, each in scored.answers.items()}
    latest = next(reversed(models.values()), {})
    known = ("grounded_share", "schema_valid_share", "output_tokens_median", "prefix_share")
    before = facts("eval", quick=False)
    del before["bench"], before["quick"]
    return {
        **before,
        "recording": plan.events.name,
        "shuffled": plan.shuffled,
        "events": events,
        "sessions": cut.visits,
        "cases": len(cut.cases),
        "seed": plan.seed,
        "scores": {
            name: {measure: score.report() for measure, score in each.items()} for name, each in scored.scores.items()
        },
        "comparisons": comparisons(scored.scores),
        "reachable_share": _reachable(cut.cases),
        "reliability": {
            name: reliability(*scored.table.column(CURVES["confidence_ece"], scored.guesses[name])[:2])
            for name in scored.findings
        },
        "bounds": scored.kept_shares,
        "models": models,
        **{name: latest.get(name) for name in known},
    }


def _reachable(cut: Sequence[Case]) -> float | None:
    """Of the switches, the share whose category stands in the window: without learned counts an intent names no
    other."""
    switches = [(case, step) for case in cut if (step := target(case, "switch"))]
    there = sum(step.category in case.shown.view.categories for case, step in switches)
    return round(there / len(switches), 4) if switches else None


async def _judge(
    judge: Judging, cut: Cases, scored: Scored, plan: EvalPlan, progress: Progress
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The last two predictors compared, on one cut of each of some sessions."""
    one, other = [name for name in scored.findings if name not in {LEARNED, PREDICTED}][-2:]
    dice = random.Random(plan.seed)
    by_visit: dict[int, list[int]] = {}
    for at, case in enumerate(cut.cases):
        by_visit.setdefault(case.visit, []).append(at)
    chosen = [dice.choice(by_visit[visit]) for visit in dice.sample(sorted(by_visit), min(judge.pairs, len(by_visit)))]
    pairs = [Pair(str(at), cut.cases[at].shown, scored.findings[one][at], scored.findings[other][at]) for at in chosen]
    progress.begin("judge", len(pairs))
    verdicts = await judging.judge(judge.client, pairs, progress.advance)
    told = judging.report(verdicts, pairs, (one, other), judge.labels)
    flips = (each.flipped for each in verdicts)
    return told, [pair.report((one, other)) | {"flipped": flip} for pair, flip in zip(pairs, flips, strict=True)]


def labels(path: Path) -> dict[str, str]:
    """What people said: lines of `{"pair": "17", "winner": "rules"}`, the winner being a predictor's name or `tie`."""
    try:
        rows = [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
        return {str(row["pair"]): str(row["winner"]) for row in rows}
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as exc:
        raise SettingInvalid(
            f"{path} holds no labels: {exc}", 'write lines of {"pair": "17", "winner": "tie"}'
        ) from exc
