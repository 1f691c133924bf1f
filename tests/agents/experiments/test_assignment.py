"""Experiments: who is in which arm, and that it stays so."""

import math
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.experiments.assignment import CONTROL, PLACES, Arm, Experiment, assign, shadowed, treatment
from agents.experiments.guardrails import GuardrailRules

SHOPPERS = [f"shopper-{number}" for number in range(20_000)]
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)


@st.composite
def sizes(draw: st.DrawFn, arms: int) -> list[int]:
    """Hundredths of a percent for so many arms, in all at most 100 %."""
    marks = sorted(draw(st.lists(st.integers(0, PLACES), min_size=arms, max_size=arms)))
    return [high - low for low, high in zip([0, *marks], marks, strict=False)]


def experiment(name: str, *shares: int) -> Experiment:
    return Experiment(name, tuple(Arm(f"arm-{number}", share / 100) for number, share in enumerate(shares)))


def members(tried: Experiment, shoppers: list[str] = SHOPPERS) -> dict[str, str]:
    """The arm of each shopper who is in one."""
    return {shopper: arm.name for shopper in shoppers if (arm := treatment(tried, shopper))}


@settings(deadline=None)
@given(NAMES, st.text(max_size=30), st.integers(1, 5).flatmap(sizes))
def test_a_shopper_has_one_place_for_ever(name: str, shopper: str, shares: list[int]) -> None:
    """The same answer whenever and wherever it is asked for, from names and percentages alone."""
    assert treatment(experiment(name, *shares), shopper) == treatment(experiment(name, *shares), shopper)


@settings(deadline=None)
@given(NAMES, st.integers(1, 5).flatmap(sizes), st.data())
def test_a_ramped_arm_keeps_whom_it_has(name: str, shares: list[int], data: st.DataObject) -> None:
    """Whoever is in an arm at 1 % is in it at 5 %, whatever the other arms have."""
    grown = data.draw(st.integers(0, len(shares) - 1))
    more = list(shares)
    more[grown] += data.draw(st.integers(0, PLACES - sum(shares)))
    arm = f"arm-{grown}"
    before, after = (members(experiment(name, *each), SHOPPERS[:400]) for each in (shares, more))
    assert {each for each in before if before[each] == arm} <= {each for each in after if after[each] == arm}


@settings(deadline=None)
@given(NAMES, st.integers(2, 5), st.data())
def test_a_ramp_within_its_region_moves_nobody_else(name: str, arms: int, data: st.DataObject) -> None:
    """While no arm has more than its even part, one that grows takes shoppers from the control alone."""
    region = PLACES // arms
    shares = [data.draw(st.integers(0, region)) for _ in range(arms)]
    more = [*shares[:-1], data.draw(st.integers(shares[-1], region))]
    before, after = (members(experiment(name, *each), SHOPPERS[:400]) for each in (shares, more))
    assert all(after[shopper] == arm for shopper, arm in before.items())


@settings(deadline=None)
@given(NAMES, st.integers(0, PLACES), st.integers(0, PLACES))
def test_two_arms_ramp_beside_each_other(name: str, one: int, other: int) -> None:
    """Two arms never disturb each other, up to 100 % together."""
    other = min(other, PLACES - one)
    first, both = (members(experiment(name, *each), SHOPPERS[:400]) for each in ((one, 0), (one, other)))
    assert first == {shopper: arm for shopper, arm in both.items() if arm == "arm-0"}


def test_shares_are_what_they_should_be() -> None:
    """Within five standard deviations, from 0.01 % to all; the places are exactly as many."""
    for hundredths in (0, 1, 100, 500, 3_333, 9_999, 10_000):
        share = hundredths / PLACES
        found = len(members(experiment("ramp", hundredths)))
        spread = math.sqrt(len(SHOPPERS) * share * (1 - share))
        assert abs(found - share * len(SHOPPERS)) <= 5 * spread


def test_several_arms_have_their_shares() -> None:
    """Also where one needs more than its region."""
    found = Counter(members(experiment("abc", 7_000, 500, 2_000)).values())
    for arm, share in (("arm-0", 0.7), ("arm-1", 0.05), ("arm-2", 0.2)):
        spread = math.sqrt(len(SHOPPERS) * share * (1 - share))
        assert abs(found[arm] - share * len(SHOPPERS)) <= 5 * spread


def test_experiments_say_nothing_of_each_other() -> None:
    """Of those who are in an arm of one experiment, as many as of all are in one of another (chi-square, p = 1e-6)."""
    names = ("new-model", "short-prompt", "holdout-q4", "temperature")
    for first in names:
        for second in names:
            if first < second:
                assert _chi_square(experiment(first, 3_000), experiment(second, 3_000)) < 23.9


def _chi_square(one: Experiment, other: Experiment) -> float:
    mine, theirs, n = set(members(one)), set(members(other)), len(SHOPPERS)
    total = 0.0
    for inside in (True, False):
        for there in (True, False):
            a, b = (len(each) if yes else n - len(each) for each, yes in ((mine, inside), (theirs, there)))
            seen = sum((who in mine) is inside and (who in theirs) is there for who in SHOPPERS)
            total += (seen - a * b / n) ** 2 / (a * b / n)
    return total


def test_a_shopper_is_treated_once() -> None:
    """The first experiment that has an arm for a shopper treats them, and no other counts them, not even as control."""
    one, other = experiment("one", 5_000), experiment("other", 5_000)
    for shopper in SHOPPERS[:500]:
        found = assign([one, other], shopper)
        if treatment(one, shopper):
            assert (found.label, found.counted) == ("one/arm-0", (("one", "arm-0"),))
        elif treatment(other, shopper):
            assert (found.label, found.counted) == ("other/arm-0", (("other", "arm-0"),))
        else:
            assert found.label == "one/control,other/control"
            assert found.counted == (("one", CONTROL), ("other", CONTROL))
            assert found.arm is None


def test_a_holdout_is_withheld() -> None:
    """And nobody else."""
    tried = Experiment("lift", (Arm("nothing", 20.0, kind="holdout"), Arm("new", 20.0)))
    withheld = {shopper for shopper in SHOPPERS if assign([tried], shopper).withheld}
    assert withheld == {shopper for shopper, arm in members(tried).items() if arm == "nothing"}
    assert withheld


def test_shadows_stand_beside_the_control() -> None:
    """A shadow arm treats nobody: its shoppers are of the control, and as many as its share of it."""
    tried = Experiment("look", (Arm("new", 20.0), Arm("shade", 50.0, kind="shadow", pool="other")))
    found = [assign([tried], shopper) for shopper in SHOPPERS]
    shaded = [each for each in found if each.shadow]
    assert {each.shadow for each in shaded} == {("look", "shade")}
    assert {each.label for each in shaded} == {"look/control"}
    assert abs(len(shaded) - 0.8 * 0.5 * len(SHOPPERS)) < 5 * math.sqrt(len(SHOPPERS) * 0.24)
    assert not shadowed(experiment("look", 2_000), "ada")


def test_nothing_is_in_force_without_experiments() -> None:
    """No label, nothing counted."""
    found = assign([], "ada")
    assert (found.label, found.arm, found.counted, found.shadow) == ("", None, (), None)


def test_a_definition_is_what_arms_are() -> None:
    """Ramps and guardrails do not change it; a model, prompt, sampling, pool, kind or another arm does."""
    arm = Arm("new", 1.0)
    same = Experiment("x", (arm,))
    assert Experiment("x", (Arm("new", 5.0),), GuardrailRules(errors=0.1)).definition == same.definition
    others = [
        Arm("new", 1.0, kind="holdout"),
        Arm("new", 1.0, pool="p"),
        Arm("new", 1.0, model="m"),
        Arm("new", 1.0, prompt_version="v2"),
        Arm("new", 1.0, temperature=0.5),
        Arm("newer", 1.0),
    ]
    definitions = {Experiment("x", (each,)).definition for each in others} | {
        same.definition,
        Experiment("x", (arm, Arm("b", 0.01))).definition,
    }
    assert len(definitions) == len(others) + 2
