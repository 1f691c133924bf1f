"""The judge: asked in both orders, believed only where people agree with it."""

import hashlib
import json
from collections.abc import Callable, Sequence
from importlib import resources

import pytest
from msgspec import structs

from penchant.offline.eval.cases import cases
from penchant.offline.eval.judge import Pair, Verdict, judge, report, verdict
from prompts.rules import rules
from tests.penchant.offline.eval.test_cases import simulated
from tests.penchant.offline.eval.test_run import Model

NAMES = ("rules", "model")


def pairs(count: int = 12) -> list[Pair]:
    """The rules' findings, and the same but sure of nothing."""
    made = []
    for number, case in enumerate(cases(simulated(), count, 1).cases[:count]):
        found = rules(case.shown.view)
        made.append(Pair(str(number), case.shown, found, structs.replace(found, confidence=0.0)))
    return made


async def judged(says: Callable[[str], str]) -> Sequence[Verdict]:
    """The verdicts of a judge that is a function of its prompt."""
    return await judge(Model(says), pairs(), lambda _: None)


def sure(prompt: str) -> str:
    """Prefers the reading that is sure of something."""
    first = prompt.partition("First reading: ")[2].partition("\n")[0]
    return '{"winner":"%s"}' % ("second" if json.loads(first)["confidence"] == 0 else "first")


async def test_a_judge_that_sees_a_difference_decides() -> None:
    """The same winner in both orders is a win."""
    assert {each.winner for each in await judged(sure)} == {"one"}


async def test_a_judge_that_goes_by_the_order_decides_nothing() -> None:
    """Who always prefers the first contradicts itself: ties, and counted."""
    verdicts = await judged(lambda _: 'Sure: {"winner":"first"}')
    assert {(each.winner, each.flipped) for each in verdicts} == {("tie", True)}


@pytest.mark.parametrize("said", ["", "first", '{"winner":"both"}', '{"winner"', "{}", '["winner"]', '{"winner":[]}'])
async def test_what_is_no_verdict_counts_as_none(said: str) -> None:
    """A tie, and counted as invalid."""
    assert {(each.winner, each.valid) for each in await judged(lambda _: said)} == {("tie", False)}


def test_both_orders_must_agree() -> None:
    """By every pair of answers."""
    assert verdict("first", "second").winner == "one"
    assert verdict("second", "first").winner == "other"
    assert verdict("tie", "tie") == Verdict("tie")
    assert verdict("tie", "first").flipped


def test_a_judge_below_the_bound_decides_nothing() -> None:
    """It fails no eval unless people's labels agree with it: kappa of 0.6 at least."""
    verdicts = [Verdict("one")] * 10 + [Verdict("tie")] * 2
    right = {str(number): "rules" if number < 10 else "tie" for number in range(12)}
    wrong = {str(number): "tie" if number < 10 else "model" for number in range(12)}
    agreed, apart, alone = (report(verdicts, pairs(), NAMES, said) for said in (right, wrong, {}))
    assert (agreed["kappa"], agreed["counts"], agreed["passed"]) == (1.0, True, False)
    assert (apart["counts"], apart["passed"]) == (False, True)
    assert (alone["kappa"], alone["counts"], alone["passed"]) == (None, False, True)
    assert agreed["won"] == {"rules": 10, "model": 0, "tie": 2}


def test_a_changed_rubric_needs_a_new_version() -> None:
    """Verdicts by unlike rubrics must not have the same name: each file has its checksum beside it."""
    folder = resources.files("penchant.offline.eval") / "rubrics"
    recorded = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    files = sorted(each.name for each in folder.iterdir() if each.name.endswith(".txt"))
    sums = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}" for name in files]
    assert recorded == sums
