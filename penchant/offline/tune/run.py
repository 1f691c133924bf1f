"""Run: the search, the judgement of what it chose, and what both say."""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from penchant.offline.tune.engine import EngineSetting, recommend
from penchant.offline.tune.groups import HELD_OUT, SEARCHED, Interval, groups, interval
from penchant.offline.tune.knobs import AS_IT_IS
from penchant.offline.tune.search import Evaluate, SearchPlan, Try, search
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
    the interval reaches the target. `engine`: what its own settings should be, where that was asked."""

    chosen: Judged
    in_force: Judged
    saved: Interval
    met: bool
    tried: Sequence[Try]
    engine: Sequence[EngineSetting] = ()


@dataclass(frozen=True, slots=True)
class TunePlan:
    """How to search. `make` turns a candidate's words into a variant; `per_hour` is dollars of a GPU hour where an
    endpoint has no price; `engine`: play the engine's own settings too."""

    search: SearchPlan
    make: Callable[[str], Variant]
    per_hour: float
    jobs: int = 1
    engine: bool = False


async def tune(recording: Recording, plan: TunePlan, say: Say) -> Answer:
    """The answer; always the same for the same arguments. ContractMismatch where there are too few shoppers."""
    parts = groups(recording, plan.search.seed)
    if not all(part.arrivals for part in parts):
        raise ContractMismatch(
            "there are too few shoppers to choose settings on some and judge them on others", "record for longer"
        )
    if plan.jobs == 1:
        return await _tune(plan, say, partial(_play, parts, plan, None))
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        return await _tune(plan, say, partial(_play, parts, plan, pool))


async def _tune(plan: TunePlan, say: Say, evaluate: Evaluate) -> Answer:
    target, cost = plan.search.target, plan.search.cost
    tried = await search(plan.search, SEARCHED, evaluate)
    best = tried[0].words
    say(f"chosen of {len(tried)}: {best or 'the settings in force'}")
    held_out = range(SEARCHED, SEARCHED + HELD_OUT)
    ours, theirs = [await asyncio.gather(*(evaluate(words, group) for group in held_out)) for words in (best, AS_IT_IS)]
    chosen = _judged(best, plan.search, ours)
    pairs = zip(_values(cost, ours), _values(cost, theirs), strict=True)
    saved = interval([1 - one / other if other else 0.0 for one, other in pairs])
    worst = chosen.measure.low if target.more else chosen.measure.high
    play = partial(_with, evaluate, best)
    engine = await recommend(plan.make(best).timing, target, play) if plan.engine else ()
    in_force = _judged(AS_IT_IS, plan.search, theirs)
    return Answer(chosen, in_force, saved, target.lacks(worst) == 0.0, tried, engine)


async def _with(evaluate: Evaluate, words: str, more: str) -> Figures:
    """The chosen settings with some words more, on the first group that they were not chosen on."""
    return await evaluate(f"{words} {more}".strip(), SEARCHED)


async def _play(
    parts: Sequence[Recording], plan: TunePlan, pool: ProcessPoolExecutor | None, words: str, group: int
) -> Figures:
    return await asyncio.get_running_loop().run_in_executor(
        pool, play_one, parts[group], plan.per_hour, plan.make(words)
    )


def _judged(words: str, plan: SearchPlan, found: Sequence[Figures]) -> Judged:
    return Judged(
        words,
        interval(_values(plan.target.name, found)),
        interval(_values(plan.cost, found)),
        interval(_values("calls_per_event", found)),
    )


def _values(name: str, found: Sequence[Figures]) -> list[float]:
    values = [value for each in found if (value := each[name]) is not None]
    if len(values) < len(found):
        raise ContractMismatch(f"too few events to say what {name} is", "record for longer")
    return values
