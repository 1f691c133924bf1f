"""Whole evals: the harness finds what is there, and notices when it is shown what it must not see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from clients.calls import Call, Completion
from penchant.offline.eval.answers import Subject
from penchant.offline.eval.cases import Case, Cases, Shown, cases
from penchant.offline.eval.measures import SCORED
from penchant.offline.eval.pages import html, markdown
from penchant.offline.eval.plots import plots
from penchant.offline.eval.run import labels, run
from penchant.offline.eval.scoring import EvalPlan
from penchant.offline.learning import foresights
from prompts.reading import others
from sandbox.gpu.simulated_model import answer
from streams.errors import ModelUnavailable, SettingInvalid
from streams.events.event import ShopperEvent
from tests.penchant.offline.eval.test_cases import simulated

PLAN = EvalPlan(Path("simulated"), sessions=25)


class Model:
    """Answers by a function of the prompt, at once; None is a model that is away."""

    def __init__(self, says: Callable[[str], str] | None = answer) -> None:
        self._says = says

    async def complete(self, call: Call) -> Completion:
        """The answer."""
        if self._says is None:
            raise ModelUnavailable("away")
        return Completion(self._says(call.prompt), "fake", "here", input_tokens=len(call.prompt) // 4)

    async def probe(self) -> str:
        """What it is."""
        return "a fake"

    async def close(self) -> None:
        """Nothing to close."""


class Quiet:
    """Nobody watches."""

    def begin(self, what: str, total: int) -> None:
        """Nothing is shown."""

    def advance(self, steps: int) -> None:
        """Nothing is shown."""


def subject(says: Callable[[str], str] | None = answer, name: str = "model", version: str = "v1") -> Subject:
    """A model with a version of the prompt."""
    return Subject(name, Model(says), version, what=f"a fake {name}", simulation=True)


async def test_an_eval_scores_rules_and_models_side_by_side() -> None:
    """The keys that the design promises; a model that counts as the rules do scores as they do."""
    outcome = await run(PLAN, simulated(), [subject()], None, Quiet())
    report = outcome.report
    assert outcome.passed
    assert report["check"]["passed"]
    assert list(report["scores"]) == [
        "last",
        "most",
        "everyone",
        "rules",
        "learned",
        "oracle",
        "random",
        "parrot",
        "oracle, learned",
        "model",
    ]
    assert (report["schema_valid_share"], report["grounded_share"]) == (1.0, 1.0)
    assert 0 < report["output_tokens_median"] < 90
    assert report["prefix_share"] > 0.9
    for name, (low, high) in report["models"]["model"]["intervals"].items():
        assert low <= report["models"]["model"][name] <= high
    rules, model = report["scores"]["rules"], report["scores"]["model"]
    assert rules.keys() == model.keys()
    assert model["brand_hit"]["value"] == pytest.approx(rules["brand_hit"]["value"], abs=0.02)
    low, high = rules["brand_hit"]["interval"]
    assert low <= rules["brand_hit"]["value"] <= high
    assert rules["brand_hit"]["value"] > rules["brand_hit"]["chance"]


@pytest.mark.parametrize(("version", "base"), [("v1", "rules"), ("v4", "learned")])
async def test_a_prompt_with_candidates_starts_from_what_was_learned(version: str, base: str) -> None:
    """As in service: where the prompt offers what other shoppers went on to, the rules that know it stand in."""
    asked: list[str] = []

    def silent(prompt: str) -> str:
        asked.append(prompt)
        return ""

    plan = replace(PLAN, foresights=foresights(None, 2, 3))
    scores = (await run(plan, simulated(), [subject(silent, version=version)], None, Quiet())).report["scores"]
    assert scores["rules"] != scores["learned"]
    assert scores["model"] == scores[base]
    assert any(others(prompt).categories for prompt in asked) is (version == "v4")


async def test_two_subjects_are_compared() -> None:
    """On every measure that both have, with what one gains over the other; both are in the pages."""
    poor = subject(lambda _: '{"m":"gift","t":"x","c":[],"k":0,"e":[99]}', "model v0")
    outcome = await run(PLAN, simulated(), [poor, subject()], None, Quiet())
    report = outcome.report
    scores, better = report["scores"], {each.name: each.better for each in SCORED}
    both = [each for each in report["comparisons"] if (each["predictor"], each["against"]) == ("model", "model v0")]
    assert {each["measure"] for each in both} == {name for name in scores["model"] if better[name]}
    for each in both:
        gained = scores["model"][each["measure"]]["value"] - scores["model v0"][each["measure"]]["value"]
        sign = -1 if better[each["measure"]] == "lower" else 1
        assert each["gained"] == pytest.approx(sign * gained, abs=2e-4)
    assert {each["measure"] for each in both if each["gained"]} == {"confidence_brier", "confidence_ece"}
    assert report["models"]["model v0"]["grounded_share"] == 0
    assert report["models"]["model v0"]["evidence_valid_share"] == 0
    drawn = plots(report)
    assert all(svg.startswith("<svg") for svg in drawn.values())
    assert all(name in page for page in (markdown(report, drawn), html(report, drawn)) for name in report["scores"])
    assert "simulation" in markdown(report, drawn)


async def test_an_answer_that_is_none_counts_as_such() -> None:
    """The rules' findings stand in for it, as in the pipeline; it is said how often, and what is left without them."""
    outcome = await run(PLAN, simulated(), [subject(lambda _: "I cannot help with that")], None, Quiet())
    assert outcome.report["schema_valid_share"] == 0
    scores = outcome.report["scores"]
    assert scores["model"] == scores["rules"]
    assert outcome.report["models"]["model"]["by_rules_share"] == 1.0
    assert scores["model, alone"]["brand_hit"]["value"] == 0.0
    assert "nobody does" in markdown(outcome.report, {})


async def test_a_model_that_is_away_ends_the_eval() -> None:
    """There is no figure of a model that did not answer."""
    with pytest.raises(ModelUnavailable, match="away"):
        await run(replace(PLAN, sessions=2), simulated(), [subject(None)], None, Quiet())


async def test_shuffled_events_foretell_nothing() -> None:
    """Everything falls to chance, and it is the main result that says so."""
    outcome = await run(replace(PLAN, shuffled=True), simulated(), [subject()], None, Quiet())
    assert outcome.passed
    assert outcome.report["shuffled"]


def _purchase(case: Case) -> Shown:
    """Knows whether a purchase comes."""
    return case.shown._replace(
        population=case.shown.population._replace(purchase_after=float(case.following.action == "purchase"))
    )


def _category(case: Case) -> Shown:
    """Knows what comes."""
    return case.shown._replace(
        population=case.shown.population._replace(categories=(case.unseen.category if case.unseen else "",))
    )


@pytest.mark.parametrize(("leak", "events", "mixed"), [(_purchase, 2_000, True), (_category, 450, False)])
@pytest.mark.slow
async def test_a_leak_fails_the_eval(leak: Callable[[Case], Shown], events: int, *, mixed: bool) -> None:
    """A predictor that sees what is hidden does well on shuffled events too, and that is how it is found out."""

    def leaking(events: Sequence[ShopperEvent], most: int, seed: int) -> Cases:
        made = cases(events, most, seed)
        return replace(made, cases=tuple(replace(case, shown=leak(case)) for case in made.cases))

    plan = replace(PLAN, cut=leaking, shuffled=mixed, sessions=150)
    outcome = await run(plan, simulated(events), [], None, Quiet())
    assert not outcome.passed
    assert outcome.report["check"]["far_from_chance"]


async def test_a_recording_of_single_events_cannot_be_cut() -> None:
    """It is said so, with the remedy."""
    with pytest.raises(SettingInvalid, match="three events"):
        await run(PLAN, simulated(1), [], None, Quiet())


def test_labels_are_read(tmp_path: Path) -> None:
    """Lines of pair and winner; anything else is refused with an example."""
    path = tmp_path / "labels.jsonl"
    path.write_text('{"pair": 17, "winner": "rules"}\n\n{"pair": "18", "winner": "tie"}\n')
    assert labels(path) == {"17": "rules", "18": "tie"}
    path.write_text('{"who": 17}\n')
    with pytest.raises(SettingInvalid, match="no labels"):
        labels(path)
