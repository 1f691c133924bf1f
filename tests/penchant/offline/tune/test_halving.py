"""Tune's parts: targets, candidates, groups, halving and intervals."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.goodput.traffic import Traffic
from penchant.offline.tune.candidates import AS_IT_IS, candidates, settings_of
from penchant.offline.tune.groups import HELD_OUT, SEARCHED, groups, interval
from penchant.offline.tune.halving import halve
from penchant.offline.tune.target import Target, target
from penchant.offline.whatif.arrivals import EPOCH_MS, Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.variant import variant
from penchant.settings.sources import load_settings
from streams.errors import SettingInvalid

GOAL = Target("in_time_for_next", 0.9)


@pytest.mark.parametrize("words", ["in_time_for_next", "in_time_for_next<=0.9", "calls>=3", "fresh_share>=1.2.3", ""])
def test_a_target_that_makes_no_sense(words: str) -> None:
    """Is told with what one may be."""
    with pytest.raises(SettingInvalid, match="freshness_p95_s<="):
        target(words)


def test_targets() -> None:
    """More, or less, is better, by the measure."""
    assert target(" in_time_for_next >= 0.9") == GOAL
    assert (GOAL.lacks(0.95), GOAL.lacks(0.9), GOAL.lacks(None)) == (0.0, 0.0, float("inf"))
    late = target("freshness_p95_s<=5")
    assert (late.lacks(4.0), late.lacks(7.0), str(late)) == (0.0, 2.0, "freshness_p95_s<=5")


@given(st.integers(2, 40), st.integers())
def test_candidates_are_settings(number: int, seed: int) -> None:
    """The same for a seed; the first is as it is; each can be loaded."""
    found = candidates(number, seed)
    assert found == candidates(number, seed)
    assert (len(found), found[0]) == (number, AS_IT_IS)
    last = variant(found[-1], lambda given: load_settings(None, given).settings).settings
    assert all(hasattr(last, name.partition(".")[0]) for name in settings_of(found[-1]))


def test_groups_share_no_shopper() -> None:
    """And leave out none; another seed makes others."""
    recording = Recording(Traffic(5.0, 60.0, before_s=0.0).arrivals, EPOCH_MS, each=2)
    parts = groups(recording, 1)
    assert len(parts) == SEARCHED + HELD_OUT
    assert sum(len(part.arrivals) for part in parts) == len(recording.arrivals)
    shoppers = [{arrival.shopper for arrival in part.arrivals} for part in parts]
    assert len(set.union(*shoppers)) == sum(map(len, shoppers))
    assert {part.each for part in parts} == {2 * len(parts)}
    assert [len(part.arrivals) for part in groups(recording, 2)] != [len(part.arrivals) for part in parts]


async def test_halving_finds_the_cheapest_that_reaches_the_target() -> None:
    """Those that miss it come last; the better half of them is tried on one more group."""
    asked: list[tuple[str, int]] = []

    async def evaluate(words: str, group: int) -> Figures:
        await asyncio.sleep(0)
        asked.append((words, group))
        return {"in_time_for_next": 1.0 - int(words) / 40, "dollars_needed": 20.0 - int(words)}

    found = await halve([str(number) for number in range(16)], 4, GOAL, evaluate)
    assert found[0].words == "4"
    assert sorted(int(each.words) for each in found) == list(range(16))
    assert [sum(group == rung for _, group in asked) for rung in range(4)] == [16, 8, 4, 2]
    assert len(found[0].found) == 4


def test_an_interval() -> None:
    """By hand, of four samples."""
    found = interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.high - found.mean == pytest.approx(3.18 * 1.29099 / 2, abs=1e-3)
    assert interval([2.0, 2.0]).low == 2.0
