"""Run: the search, the judgement of what it chose, and what both say."""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from penchant.offline.tune.candidates import AS_IT_IS, candidates
from penchant.offline.tune.groups import HELD_OUT, SEARCHED, Interval, groups, interval
from penchant.offline.tune.halving import COST, Evaluate, Try, halve
from penchant.offline.tune.target import Target
from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.run import run as play_one
from penchant.offline.whatif.variant import Variant
from streams.errors import ContractMismatch

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """Settings on the groups that they were not chosen on: the measure of the target, dollars for all shoppers, and
    calls an event."""

    words: str
    measure: Interval
    dollars: Interval
    calls_per_event: Interval


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen, beside the settings in force. `saved`: the share of their cost, group by group. `met`: all of
    the interval reaches the target."""

    chosen: Judged
    in_force: Judged
    saved: Interval
    met: bool
    tried: Sequence[Try]


@dataclass(frozen=True, slots=True)
class TunePlan:
    """How to search. `make` turns a candidate's words into a variant; `per_hour` is dollars of a GPU hour."""

    target: Target
    make: Callable[[str], Variant]
    per_hour: float
    number: int = 16
    seed: int = 1
    jobs: int = 1


async def tune(recording: Recording, plan: TunePlan, say: Say) -> Answer:
    """The answer; always the same for the same arguments. ContractMismatch where there are too few shoppers."""
    parts = groups(recording, plan.seed)
    if not all(part.arrivals for part in parts):
        raise ContractMismatch(
            "there are too few shoppers to choose settings on some and judge them on others", "record for longer"
        )
    if plan.jobs == 1:
        return await _tune(plan, say, partial(_play, parts, plan, None))
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        return await _tune(plan, say, partial(_play, parts, plan, pool))


async def _tune(plan: TunePlan, say: Say, evaluate: Evaluate) -> Answer:
    tried = await halve(candidates(plan.number, plan.seed), SEARCHED, plan.target, evaluate)
    say(f"chosen of {len(tried)}: {tried[0].words or 'the settings in force'}")
    held_out = range(SEARCHED, SEARCHED + HELD_OUT)
    ours, theirs = [
        await asyncio.gather(*(evaluate(words, group) for group in held_out)) for words in (tried[0].words, AS_IT_IS)
    ]
    chosen = _judged(tried[0].words, plan.target, ours)
    pairs = zip(_values(COST, ours), _values(COST, theirs), strict=True)
    saved = interval([1 - one / other if other else 0.0 for one, other in pairs])
    worst = chosen.measure.low if plan.target.more else chosen.measure.high
    return Answer(chosen, _judged(AS_IT_IS, plan.target, theirs), saved, plan.target.lacks(worst) == 0.0, tried)


async def _play(
    parts: Sequence[Recording], plan: TunePlan, pool: ProcessPoolExecutor | None, words: str, group: int
) -> Figures:
    return await asyncio.get_running_loop().run_in_executor(
        pool, play_one, parts[group], plan.per_hour, plan.make(words)
    )


def _judged(words: str, target: Target, found: Sequence[Figures]) -> Judged:
    return Judged(
        words,
        interval(_values(target.name, found)),
        interval(_values(COST, found)),
        interval(_values("calls_per_event", found)),
    )


def _values(name: str, found: Sequence[Figures]) -> list[float]:
    values = [value for each in found if (value := each[name]) is not None]
    if len(values) < len(found):
        raise ContractMismatch(f"too few events to say what {name} is", "record for longer")
    return values
