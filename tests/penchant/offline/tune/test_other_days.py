"""Tune's finalists: other days by chance, and which way holds there."""

import asyncio
import random
from dataclasses import replace
from statistics import fmean

import pytest

from benchmarks.goodput.traffic import Traffic
from penchant.offline.tune.days import other_days
from penchant.offline.tune.groups import HELD_OUT, SEARCHED, groups, reached
from penchant.offline.tune.run import TunePlan, decide
from penchant.offline.tune.search import SearchPlan, Try, finalists
from penchant.offline.tune.target import Target
from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival, Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.variant import Variant, variant
from penchant.settings.sources import load_settings
from tests.penchant.offline.tune.test_search import GOAL


def test_another_day_reaches_it() -> None:
    """In about 39 of 40 cases: eight days, drawn by chance out of the shoppers of half a recording."""
    dice, held = random.Random(1), 0
    for _ in range(400):
        half = [dice.gauss(0.9, 0.1) for _ in range(HELD_OUT * 40)]
        days = [fmean(dice.choices(half, k=40)) for _ in range(8)]
        another = fmean(dice.gauss(0.9, 0.1) for _ in range((SEARCHED + HELD_OUT) * 40))
        held += another >= reached(days, more=True, days=True)
    assert held / 400 > 0.95


def test_other_days_have_the_same_shoppers() -> None:
    """As many as a part has, a little later, some twice; each does all of what somebody did. A seed is a day."""
    parts = groups(Recording(Traffic(5.0, 60.0, before_s=0.0).arrivals, EPOCH_MS), 1)[SEARCHED:]
    days = other_days(parts, 3, 1)
    assert other_days(parts, 3, 1) == days
    assert other_days(parts, 3, 2) != days
    known = {tuple(arrival.event.event_id for arrival in each) for part in parts for each in by_shopper(part)}
    for day in days:
        there = [tuple(arrival.event.event_id for arrival in each) for each in by_shopper(day)]
        assert set(there) < known
        assert len(there) == len(known) // HELD_OUT
        times_s = [arrival.at_s for arrival in day.arrivals]
        assert times_s == sorted(times_s)
        assert day.each == parts[0].each
    assert len({arrival.event.event_id for day in days for arrival in day.arrivals}) < sum(
        len(day.arrivals) for day in days
    )


def by_shopper(recording: Recording) -> list[list[Arrival]]:
    found: dict[str, list[Arrival]] = {}
    for arrival in recording.arrivals:
        found.setdefault(arrival.shopper, []).append(arrival)
    return list(found.values())


def test_finalists_are_held_to_one_spread() -> None:
    """The cheapest that probably holds comes first; groups that happen to be alike make no way surer."""

    def tried(name: str, dollars: float, *in_time: float) -> Try:
        return Try(name, [{"in_time_for_next": each, "dollars_needed": dollars} for each in in_time])

    alike = tried("alike", 1.0, 0.905, 0.905, 0.905, 0.905)
    apart = [tried(name, dollars, 0.92, 0.94, 0.96, 0.98) for name, dollars in (("b", 3.0), ("a", 2.0))]
    given_up = tried("given up", 0.1, 0.99)
    found = finalists([alike, *apart, given_up], SearchPlan(GOAL, "dollars_needed"))
    assert [each.words for each in found] == ["a", "b", "alike"]
    assert finalists([given_up], SearchPlan(GOAL, "dollars_needed")) == [given_up]


async def test_who_misses_on_other_days_is_not_chosen() -> None:
    """The next dearer one is, and the margin is told; where none holds, the one that lacks least."""

    async def evaluate(tried: str, number: int) -> Figures:
        await asyncio.sleep(0)
        dollars = {"profile=thrifty": 1.0, "profile=fresh": 2.0}.get(tried, 3.0)
        worse = 0.1 if tried == "profile=thrifty" and number >= SEARCHED else 0.0
        in_time = 0.95 - worse + random.Random(number).uniform(0.0, 0.01)
        return {"in_time_for_next": in_time, "dollars_needed": dollars, "calls_per_event": 1.0}

    def make(tried: str) -> Variant:
        return variant(tried, lambda given: load_settings(None, given).settings)

    plan = TunePlan(SearchPlan(GOAL, "dollars_needed", number=4), make, 4.0)
    answer = await decide(plan, lambda _: None, evaluate)
    assert answer.met
    assert [each.words for each in answer.held] == ["profile=thrifty", "profile=fresh"]
    assert answer.chosen == answer.held[-1]
    assert answer.chosen.reached >= 0.9 > answer.held[0].reached
    assert answer.chosen.margin == pytest.approx(answer.chosen.measure.mean - answer.chosen.reached, abs=1e-4)
    strict = replace(plan, search=replace(plan.search, target=Target("in_time_for_next", 0.999)))
    missed = await decide(strict, lambda _: None, evaluate)
    assert not missed.met
    assert missed.chosen.reached == max(each.reached for each in missed.held)
    assert missed.chosen.words != "profile=thrifty"
