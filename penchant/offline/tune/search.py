"""Search: Optuna proposes settings; many are tried on little, and those that are the worse there are pruned."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, stdev
from typing import Any

from penchant.offline.tune.groups import APART, SEARCHED, reached
from penchant.offline.tune.knobs import PROMISING, STARTS, Machines, start, words
from penchant.offline.tune.target import Target
from penchant.offline.whatif.figures import Figures
from streams.errors import PlatformLacks

Evaluate = Callable[[str, int], Awaitable[Figures]]
"""The figures of a candidate on the group of that number."""

TOGETHER = 4
"""So many are proposed at once, however many processes play them: what is found is the same."""

FINALISTS = 4
"""So many are held on other days at the most."""

LACKS, UNKNOWN = 1e6, 1e12
"""What missing the target by all costs, beside dollars, and what does that cannot be measured."""


@dataclass(slots=True)
class Try:
    """A candidate with its figures on the groups that it was tried on."""

    words: str
    found: list[Figures] = field(default_factory=list)

    def worst(self, target: Target) -> float | None:
        """The target's measure on the group where it is worst; on all groups what other shoppers would reach, if that
        is worse still: a way that just reaches the target on these would miss it there. None where one could not
        say."""
        known = self.values(target.name)
        if not known:
            return None
        bounds = [*known, reached(known, more=target.more)] if len(known) == SEARCHED else known
        return min(bounds) if target.more else max(bounds)

    def values(self, name: str) -> list[float]:
        """Of each group; none where one could not say."""
        known = [value for each in self.found if (value := each[name]) is not None]
        return known if len(known) == len(self.found) else []

    def mean(self, name: str) -> float | None:
        """Over the groups; None where one could not say."""
        known = self.values(name)
        return fmean(known) if known else None


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is looked for: the target at the least of `cost`, a figure in dollars; `number` ways are tried."""

    target: Target
    cost: str
    machines: Machines = field(default_factory=Machines)
    number: int = 24
    seed: int = 1


async def search(plan: SearchPlan, rungs: int, evaluate: Evaluate) -> list[Try]:
    """All tries, the best first, those that were pruned last. Always the same for the same arguments. Raises
    PlatformLacks without Optuna."""
    study = _study(plan.seed)
    for known in STARTS[: plan.number]:
        study.enqueue_trial({}, user_attrs={"words": start(known, plan.machines)})
    for knobs in PROMISING:
        study.enqueue_trial(knobs)
    tries: list[Try] = []
    while len(tries) < plan.number:
        trials = [study.ask() for _ in range(min(TOGETHER, plan.number - len(tries)))]
        asked = [(each, Try(_words(each, plan.machines))) for each in trials]
        await _climb(asked, rungs, plan, evaluate)
        for trial, tried in asked:
            study.tell(trial, score(tried, plan))
        tries += [tried for _, tried in asked]
    return sorted(tries, key=lambda each: (-len(each.found), score(each, plan)))


def _words(trial: Any, machines: Machines) -> str:
    known: str | None = trial.user_attrs.get("words")
    return words(trial, machines) if known is None else known


async def _climb(asked: list[tuple[Any, Try]], rungs: int, plan: SearchPlan, evaluate: Evaluate) -> None:
    """On each rung one group more; whoever is pruned goes no further."""
    left = asked
    for rung in range(rungs):
        found = await asyncio.gather(*(evaluate(tried.words, rung) for _, tried in left))
        for (trial, tried), figures in zip(left, found, strict=True):
            tried.found.append(figures)
            trial.report(score(tried, plan), rung + 1)
        left = [(trial, tried) for trial, tried in left if not trial.should_prune()]


def score(tried: Try, plan: SearchPlan) -> float:
    """Lower is better: first those that miss the target by less where they are worst, and of those that reach it there
    the cheaper ones. A mean that just reaches it would miss it on every other group."""
    cost = tried.mean(plan.cost)
    lacks = round(plan.target.lacks(tried.worst(plan.target)), 4)
    return min(lacks * LACKS + (UNKNOWN if cost is None else cost), UNKNOWN)


def finalists(tried: Sequence[Try], plan: SearchPlan) -> list[Try]:
    """Those to be held on other days: the cheaper ones of which it is likely that they reach the target there, then
    those that lack less. All by the same spread: where groups happen to be alike for one way, it is no surer than
    others."""
    name, sign = plan.target.name, 1.0 if plan.target.more else -1.0
    whole = [each for each in tried if len(each.values(name)) == SEARCHED]
    usual = median(stdev(each.values(name)) for each in whole) if whole else 0.0

    def order(each: Try) -> tuple[float, float]:
        likely = fmean(each.values(name)) - sign * APART * usual
        return round(plan.target.lacks(likely), 4), each.mean(plan.cost) or 0.0

    return sorted(whole, key=order)[:FINALISTS] or list(tried[:1])


def _study(seed: int) -> Any:
    try:
        import optuna  # noqa: PLC0415 (an extra)
    except ImportError as exc:
        raise PlatformLacks(f"penchant tune needs Optuna: {exc}", "pip install 'penchant[tune]'") from exc
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=len(STARTS) + len(PROMISING)),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2),
    )
