"""Lift: an interval that may be looked at any time finds what is there, and nothing that is not."""

from operator import add
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.experiments.lift import CONVERSIONS, Conversions, lifts, skewed

LOOKS, STEP = 60, 500
"""How often somebody looks, and after how many sessions of each side."""


def shop(seed: int, carted: float, lift: float) -> list[tuple[Conversions, Conversions]]:
    """An arm and its control at each look. A simulation: sessions put something in the cart by a coin's toss."""
    random, arm, control, looks = Random(seed), 0, 0, []
    for look in range(1, LOOKS + 1):
        arm += sum(random.random() < carted * (1 + lift) for _ in range(STEP))
        control += sum(random.random() < carted for _ in range(STEP))
        looks.append((Conversions(look * STEP, carted=arm), Conversions(look * STEP, carted=control)))
    return looks


def sure(looks: list[tuple[Conversions, Conversions]]) -> float | None:
    """What the first look that is sure has seen; None if none is."""
    return next((lift.relative for arm, control in looks for lift in lifts(arm, control) if lift.sure), None)


@pytest.mark.slow
def test_without_a_lift_none_is_found() -> None:
    """In 95 of 100 shops, though somebody looks sixty times."""
    assert sum(sure(shop(seed, 0.3, 0.0)) is not None for seed in range(100)) <= 5


@pytest.mark.parametrize("lift", [0.05, -0.05])
def test_a_planted_lift_is_found(lift: float) -> None:
    """Of five percent, in each of ten shops; with its sign."""
    found = [sure(shop(seed, 0.4, lift)) for seed in range(10)]
    assert all(each is not None and each * lift > 0 for each in found)


def shown(seed: int, shoppers: int = 2_000, lists: int = 20) -> list[tuple[Conversions, Conversions]]:
    """The same of impressions, without a lift: each shopper sees many lists, and some shoppers open nearly all."""
    random, sides, looks = Random(seed), [0, 0], []
    for shopper in range(1, shoppers + 1):
        for side in (0, 1):
            rate = random.betavariate(0.5, 4.5)
            sides[side] += sum(random.random() < rate for _ in range(lists))
        if shopper % (shoppers // LOOKS) == 0:
            arm, control = (Conversions(impressions=shopper * lists, clicked_through=each) for each in sides)
            looks.append((arm, control))
    return looks


def test_impressions_of_one_shopper_are_alike() -> None:
    """Where twenty lists a shopper count as one each, half of all shops without a lift would show one."""
    assert sum(sure(shown(seed)) is not None for seed in range(30)) <= 2


def test_by_hand() -> None:
    """Rates, their relative difference, and an interval around it that says what could have been seen."""
    (lift,) = lifts(Conversions(10_000, purchased=330), Conversions(40_000, purchased=1_200))
    assert (lift.outcome, lift.average, lift.control_average) == ("purchased", 0.033, 0.03)
    assert lift.relative == pytest.approx(0.1)
    assert lift.low < 0 < lift.relative < lift.high
    assert lift.least == pytest.approx(lift.high - lift.relative)
    assert not lift.sure


def bought(seed: int, orders: float, lift: float) -> list[tuple[Conversions, Conversions]]:
    """The same of what sessions come to: one in ten buys, for about 40, some for far more."""
    random, looks = Random(seed), []
    sides = [Conversions(), Conversions()]
    for _ in range(LOOKS):
        for side, more in enumerate((1 + lift, 1.0)):
            values = [orders * more * random.lognormvariate(0, 0.8) for _ in range(STEP) if random.random() < 0.1]
            added = (STEP, 0, 0, len(values), round(sum(values) * 100), round(sum(each * each for each in values)))
            sides[side] = Conversions(*map(add, sides[side], added))
        looks.append((sides[0], sides[1]))
    return looks


def sure_of_value(looks: list[tuple[Conversions, Conversions]]) -> float | None:
    found = (lift for arm, control in looks for lift in lifts(arm, control) if lift.outcome == "value" and lift.sure)
    return next((lift.relative for lift in found), None)


def test_without_a_lift_of_value_none_is_found() -> None:
    """In 38 of 40 shops, though prices have a long tail and somebody looks sixty times."""
    assert sum(sure_of_value(bought(seed, 40.0, 0.0)) is not None for seed in range(40)) <= 2


@pytest.mark.parametrize("lift", [0.3, -0.3])
def test_a_planted_lift_of_value_is_found(lift: float) -> None:
    """In each of ten shops; with its sign."""
    found = [sure_of_value(bought(seed, 40.0, lift)) for seed in range(10)]
    assert all(each is not None and each * lift > 0 for each in found)


def test_few_orders_say_nothing_of_value() -> None:
    """A few of them would decide what the variance is."""
    side = Conversions(5_000, purchased=29, value=100_000, value_squares=50_000)
    assert [each.outcome for each in lifts(side, side)] == ["purchased"]
    assert [each.outcome for each in lifts(side._replace(purchased=30), side._replace(purchased=30))] == [
        "purchased",
        "value",
    ]


def test_too_few_sessions_and_outcomes_nobody_had_say_nothing() -> None:
    """No lift is made of a handful, and none of a rate of nothing."""
    assert lifts(Conversions(99, carted=9), Conversions(5_000, carted=500)) == []
    assert lifts(Conversions(), Conversions()) == []
    assert [each.outcome for each in lifts(Conversions(500, carted=9), Conversions(500, carted=9))] == ["carted"]


RATES = st.integers(0, 1_000)


@given(RATES, RATES, st.integers(1, 50))
def test_more_sessions_of_the_same_rates_say_more(ours: int, theirs: int, times: int) -> None:
    """The estimate stays, lies in its interval, and the interval shrinks."""
    few = lifts(Conversions(1_000, carted=ours), Conversions(1_000, carted=theirs))
    many = lifts(Conversions(1_000 * times, carted=ours * times), Conversions(1_000 * times, carted=theirs * times))
    for one, more in zip(few, many, strict=True):
        assert one.low <= one.relative <= one.high
        assert more.relative == pytest.approx(one.relative)
        assert more.least <= one.least * 1.01


@given(RATES, RATES)
def test_nobody_is_favoured(ours: int, theirs: int) -> None:
    """Exchanging arm and control exchanges the sign of the difference of rates."""
    arm, control = Conversions(1_000, clicked=ours), Conversions(1_000, clicked=theirs)
    signs = [lift.average - lift.control_average for lift in lifts(arm, control)]
    back = [lift.average - lift.control_average for lift in lifts(control, arm)]
    if signs and back:
        assert signs[0] == -back[0]


def test_a_split_that_is_not_as_set_is_seen() -> None:
    """A tenth of the shoppers is in the arm; more than that is seen, and what chance does is not."""
    assert not skewed(Conversions(10_100), Conversions(89_900), 0.1)
    assert skewed(Conversions(12_000), Conversions(88_000), 0.1)
    assert not skewed(Conversions(3), Conversions(5), 0.1)
    assert not skewed(Conversions(1_000), Conversions(0), 1.0)


def test_what_is_not_known_is_left_out() -> None:
    """Counts of a later version."""
    assert Conversions.of({"sessions": 3, "carted": 1, "returned": 9}) == Conversions(3, carted=1)
    assert set(CONVERSIONS) < set(Conversions._fields)
