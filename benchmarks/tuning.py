"""Tuning: what `penchant tune` saves on shoppers that it has not seen, and whether its target holds there.

Of each traffic the settings are tuned on the earlier half, and played on the later one beside those of 0.1.0. What was
chosen on simulated shoppers is then played, not tuned, on others of the same shop. All of it in virtual time.
"""

import asyncio
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.goodput.recorded import RecordedTraffic, Sessions, sessions
from benchmarks.goodput.traffic import Traffic
from penchant.offline.facts import facts
from penchant.offline.tune.front import points
from penchant.offline.tune.groups import SEARCHED
from penchant.offline.tune.run import Answer, TunePlan, tune
from penchant.offline.tune.search import SearchPlan
from penchant.offline.tune.target import Target, target
from penchant.offline.whatif.arrivals import EPOCH_MS, Arrival, Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.run import run as play
from penchant.offline.whatif.variant import Variant, variant
from penchant.settings.sources import load_settings

Say = Callable[[str], None]
Play = Callable[[Recording, str], "asyncio.Future[Figures]"]

BEFORE = "profile=balanced"
"""The settings of 0.1.0, which that profile says aloud."""

MEASURE, COST = "in_time_for_next", "dollars_needed"
SHOWN = (MEASURE, COST, "calls", "freshness_p95_s")
PER_HOUR = 4.0
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class TuningPlan:
    """So many events in each half, at `rate` a second before `gpus` simulated GPUs: twelve minutes, in which most
    sessions are whole. Beside the share that the settings of 0.1.0 reach, simulated shoppers are tuned for `tight`, and
    what that gives is played on `fresh` others."""

    events: int = 3_000
    rate: float = 4.0
    gpus: int = 2
    tries: int = 24
    tight: float = 0.9
    fresh: int = 20
    jobs: int = 2


QUICK = TuningPlan(events=300, rate=4.0, gpus=1, tries=6, tight=0.2, fresh=2, jobs=1)


@dataclass(frozen=True, slots=True)
class Halves:
    """The recording that settings are chosen on, and the one that they are judged on."""

    earlier: Recording
    later: Recording


async def run(plan: TuningPlan, files: Sequence[Path], say: Say, *, quick: bool) -> dict[str, Any]:
    """A row for each traffic, and one for others of the simulated shop."""
    traffics = {SIMULATED: Halves(simulated(plan, 1), simulated(plan, 2))}
    traffics |= {file.stem: recorded_halves(sessions(file), plan) for file in files}
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        each = partial(_played, pool, plan)
        rows = {}
        for name, halves in traffics.items():
            say(f"{name}: {len(halves.earlier.arrivals):,} events to choose on")
            rows[name] = await _row(halves, plan, each, say)
        fresh = await _fresh(traffics[SIMULATED].earlier, plan, each, say)
    return facts("tune", quick=quick) | {"plan": asdict(plan), "traffics": rows, "fresh": fresh}


def simulated(plan: TuningPlan, seed: int) -> Recording:
    """Shoppers of the simulated shop."""
    return Recording(Traffic(plan.rate, plan.events / plan.rate, seed, before_s=0.0).arrivals, EPOCH_MS)


def recorded_halves(found: Sessions, plan: TuningPlan) -> Halves:
    """The earlier sessions of a recording and the later ones, each as often as the rate asks for."""
    middle = len(found) // 2
    return Halves(*(_resampled(each, plan) for each in (found[:middle], found[middle:])))


def chosen_variant(gpus: int, words: str) -> Variant:
    """The way that these words tell, on so many GPUs."""
    return variant(f"{words} gpus={gpus}", lambda overrides: load_settings(None, overrides).settings, words)


def _resampled(found: Sessions, plan: TuningPlan) -> Recording:
    """From the moment on when sessions begin and end."""
    traffic = RecordedTraffic(found, plan.rate, plan.events / plan.rate)
    arrivals = [_later(each, -traffic.arrivals[0].at_s) for each in traffic.arrivals]
    return Recording(arrivals, EPOCH_MS)


def _later(arrival: Arrival, seconds: float) -> Arrival:
    event = replace(arrival.event, time_ms=arrival.event.time_ms + int(seconds * 1e3))
    return replace(arrival, at_s=arrival.at_s + seconds, event=event)


async def _row(halves: Halves, plan: TuningPlan, each: Play, say: Say) -> Mapping[str, Any]:
    """Tuned for the share in time that the settings of 0.1.0 reach there."""
    before = await each(halves.earlier, BEFORE)
    answer, target = await _tuned(halves.earlier, before[MEASURE] or 0.0, plan, say)
    words = answer.chosen.words
    ours, theirs = await asyncio.gather(each(halves.later, words), each(halves.later, BEFORE))
    saved = 1 - (ours[COST] or 0.0) / (theirs[COST] or 1.0)
    figures = {"chosen": _shown(ours), "before": _shown(theirs)}
    return {"target": target, "words": words, "saved": round(saved, 4), **figures, **_held(answer, target)}


async def _fresh(earlier: Recording, plan: TuningPlan, each: Play, say: Say) -> Mapping[str, Any]:
    """How often a target that is hard to reach is missed by shoppers that nothing was chosen on."""
    answer, target = await _tuned(earlier, plan.tight, plan, say)
    words = answer.chosen.words
    others = [simulated(plan, 101 + number) for number in range(plan.fresh)]
    shares = [figures[MEASURE] or 0.0 for figures in await asyncio.gather(*(each(other, words) for other in others))]
    missed = sum(share < plan.tight for share in shares)
    below = sum(share < answer.chosen.reached for share in shares)
    say(f"{missed} of {plan.fresh} others miss {target}")
    figures = {"shares": shares, "missed": missed, "below_bound": below}
    return {"target": target, "words": words, **figures, **_held(answer, target)}


async def _tuned(recording: Recording, value: float, plan: TuningPlan, say: Say) -> tuple[Answer, str]:
    goal = Target(MEASURE, round(value, 3))
    looked_for = SearchPlan(goal, COST, number=plan.tries)
    answer = await tune(
        recording, TunePlan(looked_for, partial(chosen_variant, plan.gpus), PER_HOUR, plan.jobs), lambda _: None
    )
    say(f"{goal}: {answer.chosen.words or 'the settings as they are'}")
    return answer, str(goal)


def _held(answer: Answer, goal: str) -> Mapping[str, Any]:
    """What other days were reckoned to reach, and which share of the chosen way's cost that margin is: beside the
    cheapest way that reaches the target on average."""
    wanted, chosen = target(goal), answer.chosen
    whole = [each for each in answer.tried if len(each.found) == SEARCHED]
    costs = {each.words: each.mean(COST) for each in whole if not wanted.lacks(each.mean(MEASURE))}
    least, ours = min((each for each in costs.values() if each), default=None), costs.get(chosen.words)
    return {
        "met": answer.met,
        "on_other_days": chosen.measure.mean,
        "bound": chosen.reached,
        "held": len(answer.held),
        "margin_costs": round(1 - least / ours, 4) if least and ours else None,
        "front": [
            {"words": each.words, "in_time": each.in_time, "dollars": each.dollars}
            for each in points(answer.tried, COST, SEARCHED)
            if each.best
        ],
    }


def _played(pool: ProcessPoolExecutor, plan: TuningPlan, recording: Recording, words: str) -> "asyncio.Future[Figures]":
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(pool, play, recording, PER_HOUR, chosen_variant(plan.gpus, words))


def _shown(figures: Figures) -> Figures:
    return {name: figures[name] for name in SHOWN}
