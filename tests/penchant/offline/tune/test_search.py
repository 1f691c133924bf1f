"""Tune's parts: targets, knobs, groups, the search, its front and intervals."""

import asyncio
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.goodput.traffic import Traffic
from penchant.offline.tune.engine import recommend
from penchant.offline.tune.front import points
from penchant.offline.tune.groups import HELD_OUT, SEARCHED, groups, interval, reached
from penchant.offline.tune.knobs import CHOICES, RANGES, STARTS, Machines, start, words
from penchant.offline.tune.search import Evaluate, SearchPlan, Try, search
from penchant.offline.tune.target import Target, target
from penchant.offline.whatif.arrivals import EPOCH_MS, Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.variant import variant
from penchant.settings.sources import load_settings
from sandbox.gpu.timing import Timing
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


class Dice:
    """What Optuna's trials suggest, by seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self.names: list[str] = []

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        assert log
        self.names.append(name)
        return self._dice.uniform(low, high)

    def suggest_int(self, name: str, low: int, high: int) -> int:
        self.names.append(name)
        return self._dice.randint(low, high)

    def suggest_categorical(self, name: str, choices: Sequence[str]) -> str:
        self.names.append(name)
        return self._dice.choice(choices)


@given(st.integers(), st.sampled_from([Machines(), Machines((2, 8), {"qwen3-32b-fp8@l40s": 1.8, "light": 0.5})]))
def test_knobs_are_settings(seed: int, machines: Machines) -> None:
    """At most ten, and whatever is suggested can be loaded, the GPUs and their price too."""
    dice = Dice(seed)
    made = variant(words(dice, machines), lambda given: load_settings(None, given).settings)
    assert len(dice.names) == len(RANGES) + len(CHOICES) + 2 * bool(machines.gpus) <= 10
    assert made.settings.session.low_rows < made.settings.session.high_rows
    if machines.gpus and machines.timings:
        assert 2 <= made.gpus <= 8
        assert round(made.per_hour(99.0) / made.gpus, 6) in machines.timings.values()


def test_what_is_known_is_tried_on_the_most_gpus() -> None:
    """The settings in force and the profiles alike."""
    machines = Machines((2, 8), {"light": 0.5})
    assert start("profile=fresh", machines) == "profile=fresh gpus=8 timing=light per_hour=0.5"
    assert start("", Machines()) == ""


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


def cheap(asked: list[tuple[str, int]]) -> Evaluate:
    """A shop in which quiet time is cheap, and makes intents late."""

    async def evaluate(tried: str, group: int) -> Figures:
        await asyncio.sleep(0)
        asked.append((tried, group))
        given = dict(word.split("=") for word in tried.split())
        quiet_s = float(given.get("triggers.debounce_s", 1.0))
        in_time = 1.0 - quiet_s / 40 - group / 1_000
        return {"in_time_for_next": in_time, "dollars_needed": 20.0 / quiet_s, "freshness_p95_s": quiet_s}

    return evaluate


async def test_the_search_finds_the_cheapest_that_reaches_the_target() -> None:
    """The same for a seed; what is known comes first; most of those that miss the target are given up early."""
    asked: list[tuple[str, int]] = []
    plan = SearchPlan(GOAL, "dollars_needed", number=32)
    found = await search(plan, 4, cheap(asked))
    again = await search(plan, 4, cheap([]))
    assert [each.words for each in found] == [each.words for each in again]
    assert [words for words, _ in asked[:4]] == list(STARTS)
    assert sum("calls.unchanged_for_s=1800" in words for words, _ in asked[:30]) > 0
    assert len({each.words for each in found}) == 32
    quiet_s = float(found[0].words.split()[0].removeprefix("triggers.debounce_s="))
    assert 2.8 <= quiet_s <= 3.88
    assert len(found[0].found) == 4
    assert sum(group == 3 for _, group in asked) < 20


def test_the_front_has_no_way_that_another_beats() -> None:
    """In dollars, in time and freshness at once; who was given up early is shown, and not on it."""

    def tried(name: str, dollars: float, in_time: float, groups: int = 2) -> Try:
        figures = {"dollars_needed": dollars, "in_time_for_next": in_time, "freshness_p95_s": 2.0}
        return Try(name, [figures] * groups)

    ways = [tried("a", 1.0, 0.8), tried("b", 2.0, 0.9), tried("c", 2.5, 0.9), tried("d", 0.5, 0.7, groups=1)]
    unknown = Try("e", [{"dollars_needed": 1.0, "in_time_for_next": None, "freshness_p95_s": 2.0}])
    found = points([*ways, unknown], "dollars_needed", 2)
    assert [(each.words, each.best) for each in found] == [("d", False), ("a", True), ("b", True), ("c", False)]


async def test_the_engine_gets_the_least_that_is_about_as_good() -> None:
    """One of its settings after the other; where nothing reaches the target it keeps what it has."""

    async def play(more: str) -> Figures:
        await asyncio.sleep(0)
        name, value = more.removeprefix("gpu.").split("=")
        slow = {"max_batch": int(value) < 64, "kv_blocks": int(value) < 4_700, "max_num_tokens": False}[name]
        return {"freshness_p95_s": 3.0 if slow else 2.0 + int(value) / 1e6, "in_time_for_next": 0.95}

    assert [each.value for each in await recommend(Timing(), GOAL, play)] == [64, 4_700, 512]
    assert [each.value for each in await recommend(Timing(), Target("in_time_for_next", 0.99), play)] == [
        128,
        4_700,
        2_048,
    ]


def test_an_interval() -> None:
    """By hand, of four days; what is not known of the shoppers whom they are drawn from counts too."""
    found = interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.high - found.mean == pytest.approx(3.18 * 1.29099 * (1 / 4 + 1 / 4) ** 0.5, abs=1e-3)
    assert interval([2.0, 2.0]).low == 2.0


def test_what_others_reach_is_below_what_these_do() -> None:
    """By how far groups are apart, on the side that is worse; a try counts by it once it was played on all of them."""
    samples = [0.92, 0.94, 0.93, 0.91]
    low, high = reached(samples, more=True), reached(samples, more=False)
    assert low == pytest.approx(0.925 - 3.18 * 0.01291 * (1 / 4 + 1 / 8) ** 0.5, abs=1e-4)
    assert low + high == pytest.approx(2 * 0.925)
    assert reached([0.9] * 4, more=True) == pytest.approx(0.9)
    assert reached(samples, more=True, days=True) < low
    tried = Try("", [{"in_time_for_next": each} for each in samples])
    assert tried.worst(GOAL) == low < min(samples)
    tried.found.pop()
    assert tried.worst(GOAL) == 0.92


def test_others_of_the_same_kind_reach_it() -> None:
    """In about 39 of 40 cases: parts of a recording and another recording of twice as many, by the same dice."""
    dice, held = random.Random(1), 0
    for _ in range(400):
        found = [dice.gauss(0.9, 0.01) for _ in range(SEARCHED)]
        other = sum(dice.gauss(0.9, 0.01) for _ in range(SEARCHED + HELD_OUT)) / (SEARCHED + HELD_OUT)
        held += other >= reached(found, more=True)
    assert held / 400 > 0.95
