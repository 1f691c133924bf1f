"""Run: the search, the judgement of what it chose, and what both say."""

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from penchant.offline.tune.days import other_days
from penchant.offline.tune.engine import EngineSetting, recommend
from penchant.offline.tune.groups import SEARCHED, Interval, groups, interval, reached
from penchant.offline.tune.knobs import AS_IT_IS
from penchant.offline.tune.search import Evaluate, SearchPlan, Try, finalists, search
from penchant.offline.whatif.arrivals import Recording
from penchant.offline.whatif.figures import Figures
from penchant.offline.whatif.run import run as play_one
from penchant.offline.whatif.variant import Variant
from streams.errors import ContractMismatch

Say = Callable[[str], None]


DAYS = 8
"""Other days that a finalist is held on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Settings on other days, of shoppers whom they were not chosen on: the measure of the target, what another day
    reaches of it in 39 of 40 cases, dollars for all shoppers, and calls an event."""

    words: str
    measure: Interval
    reached: float
    dollars: Interval
    calls_per_event: Interval

    @property
    def margin(self) -> float:
        """By how much another day may be worse than these are on average."""
        return round(abs(self.measure.mean - self.reached), 4)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen, beside the settings in force. `saved`: the share of their cost, day by day. `met`: another day
    reaches the target. `held`: those that were judged, in this order, until one did. `engine`: what its own settings
    should be, where that was asked."""

    chosen: Judged
    in_force: Judged
    saved: Interval
    met: bool
    tried: Sequence[Try]
    held: Sequence[Judged]
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
    played = [*parts[:SEARCHED], *other_days(parts[SEARCHED:], DAYS, plan.search.seed)]
    if plan.jobs == 1:
        return await decide(plan, say, partial(_play, played, plan, None))
    with ProcessPoolExecutor(plan.jobs, multiprocessing.get_context("spawn")) as pool:
        return await decide(plan, say, partial(_play, played, plan, pool))


async def decide(plan: TunePlan, say: Say, evaluate: Evaluate) -> Answer:
    """The answer by these figures: of the groups that are searched, and of the other days after them."""
    target, cost = plan.search.target, plan.search.cost
    tried = await search(plan.search, SEARCHED, evaluate)
    theirs = await _days(AS_IT_IS, evaluate)
    held: list[tuple[Judged, Sequence[Figures]]] = []
    for each in finalists(tried, plan.search):
        ours = theirs if each.words == AS_IT_IS else await _days(each.words, evaluate)
        held.append((_judged(each.words, plan.search, ours), ours))
        if not target.lacks(held[-1][0].reached):
            break
    chosen, ours = min(held, key=lambda each: target.lacks(each[0].reached))
    say(f"chosen of {len(tried)}, {len(held)} of them on other days: {chosen.words or 'the settings in force'}")
    pairs = zip(_values(cost, ours), _values(cost, theirs), strict=True)
    saved = interval([1 - one / other if other else 0.0 for one, other in pairs])
    play = partial(_with, evaluate, chosen.words)
    engine = await recommend(plan.make(chosen.words).timing, target, play) if plan.engine else ()
    in_force, met = _judged(AS_IT_IS, plan.search, theirs), target.lacks(chosen.reached) == 0.0
    return Answer(chosen, in_force, saved, met, tried, [each for each, _ in held], engine)


async def _days(words: str, evaluate: Evaluate) -> Sequence[Figures]:
    return await asyncio.gather(*(evaluate(words, SEARCHED + day) for day in range(DAYS)))


async def _with(evaluate: Evaluate, words: str, more: str) -> Figures:
    """The chosen settings with some words more, on the first day that they were not chosen on."""
    return await evaluate(f"{words} {more}".strip(), SEARCHED)


async def _play(
    played: Sequence[Recording], plan: TunePlan, pool: ProcessPoolExecutor | None, words: str, group: int
) -> Figures:
    return await asyncio.get_running_loop().run_in_executor(
        pool, play_one, played[group], plan.per_hour, plan.make(words)
    )


def _judged(words: str, plan: SearchPlan, found: Sequence[Figures]) -> Judged:
    measures = _values(plan.target.name, found)
    return Judged(
        words,
        interval(measures),
        round(reached(measures, more=plan.target.more, days=True), 4),
        interval(_values(plan.cost, found)),
        interval(_values("calls_per_event", found)),
    )


def _values(name: str, found: Sequence[Figures]) -> list[float]:
    values = [value for each in found if (value := each[name]) is not None]
    if len(values) < len(found):
        raise ContractMismatch(f"too few events to say what {name} is", "record for longer")
    return values
