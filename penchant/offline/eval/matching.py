"""Matching: who puts the product that was opened next nearest to the top of twenty. Pure."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from msgspec import structs

from agents.match.features import Wants, features
from agents.match.last import last_card
from agents.match.scores import LAST_ALONE, WITH_INTENT, score
from penchant.offline.eval.choices import BESIDE, Catalogue, Choice, choices
from penchant.offline.eval.scores import Floats
from penchant.offline.eval.table import DRAWS, TAILS
from prompts.rules import rules
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent
from streams.records.intents import Intent, Window

Ranker = Callable[[Choice, Catalogue], list[float]]
TOP = 10
_EVEN = dict.fromkeys(LAST_ALONE, 1.0)


def popularity(choice: Choice, _: Catalogue) -> list[float]:
    """How often each was opened so far, by anybody."""
    return [float(count) for count in choice.counts]


def last_item(choice: Choice, catalogue: Catalogue) -> list[float]:
    """How alike each is to the product that was looked at last, by category, brand and price with equal weights."""
    return _scores(choice, catalogue, None, _EVEN)


def without_intent(choice: Choice, catalogue: Catalogue) -> list[float]:
    """The same features, weighed as a match weighs them where there is no intent."""
    return _scores(choice, catalogue, None, LAST_ALONE)


def with_intent(choice: Choice, catalogue: Catalogue) -> list[float]:
    """A match's first step, with the rules' intent."""
    return _scores(choice, catalogue, intent_of(choice), WITH_INTENT)


def intent_of(choice: Choice) -> Intent:
    """The rules' intent at a choice."""
    window = Window(from_ms=choice.view.from_ms, to_ms=choice.view.to_ms, events=choice.view.events)
    return Intent(
        **structs.asdict(rules(choice.view)), shopper=choice.visit[0], window=window, as_of_ms=window.to_ms,
        written_at_ms=window.to_ms, source="rules", position="0:0:0",
    )  # fmt: skip


RANKERS: Mapping[str, Ranker] = {
    "popularity": popularity,
    "last item": last_item,
    "features without an intent": without_intent,
    "features with an intent": with_intent,
}
"""Each is to beat the one before it."""

MODEL = "model"
"""The ranker behind them, where a model scores."""


def judged(events: Sequence[ShopperEvent], seed: int) -> dict[str, Any]:
    """NDCG@10 and MRR of each ranker with 95 % intervals, and what each step gains over the one before it, for each
    place that the nineteen others may be from. Raises SettingInvalid for a recording without choices."""
    return {beside: judged_choices(*choices(events, beside, seed), seed) for beside in BESIDE}


def judged_choices(
    catalogue: Catalogue, made: Sequence[Choice], seed: int, by_model: Sequence[int] | None = None
) -> dict[str, Any]:
    """The same for some choices; `by_model` says where a model put what was opened, from 1, in the order of the
    choices."""
    if not made:
        raise SettingInvalid(
            "nobody in the file opens a second product", "a longer recording, or larger shop, has some"
        )
    visits = {visit: number for number, visit in enumerate(dict.fromkeys(choice.visit for choice in made))}
    numbers = np.array([visits[choice.visit] for choice in made])
    weights = np.random.default_rng(seed).multinomial(len(visits), np.full(len(visits), 1 / len(visits)), DRAWS)
    ranks = {name: [_rank(ranker(each, catalogue), each.opened) for each in made] for name, ranker in RANKERS.items()}
    if by_model is not None:
        ranks[MODEL] = list(by_model)
    measured = {name: _measured(found) for name, found in ranks.items()}
    drawn = weights[:, numbers].astype(float)
    return {
        "choices": len(made),
        "visits": len(visits),
        "rankers": {
            name: {measure: _mean(values, drawn) for measure, values in each.items()} for name, each in measured.items()
        },
        "steps": [
            {"step": step, "over": before, **_gains(measured[step], measured[before], drawn)}
            for before, step in pairwise(measured)
        ],
    }  # fmt: skip


def _scores(choice: Choice, catalogue: Catalogue, intent: Intent | None, weights: Mapping[str, float]) -> list[float]:
    wants = Wants.of(intent, last_card(choice.view))
    return [score(features(wants, each, catalogue.cards[each]), weights) for each in choice.candidates]


def _rank(scores: Sequence[float], at: int) -> int:
    """Where the one at `at` comes, from 1; equals stay in the order in which they were given, as in a match."""
    mine = scores[at]
    return 1 + sum(each > mine or (each == mine and place < at) for place, each in enumerate(scores))


def _measured(ranks: Sequence[int]) -> dict[str, Floats]:
    gains = [1 / math.log2(rank + 1) if rank <= TOP else 0.0 for rank in ranks]
    return {"ndcg_10": np.array(gains), "mrr": 1 / np.array(ranks, dtype=float)}


def _mean(values: Floats, drawn: Floats) -> dict[str, Any]:
    low, high = np.percentile(drawn @ values / drawn.sum(axis=1), TAILS)
    return {"value": round(float(values.mean()), 4), "interval": [round(float(low), 4), round(float(high), 4)]}


def _gains(step: Mapping[str, Floats], before: Mapping[str, Floats], drawn: Floats) -> dict[str, Any]:
    """The mean difference by measure; `sure` where its interval leaves out zero and less."""
    found = {name: _mean(values - before[name], drawn) for name, values in step.items()}
    return {name: {**gain, "sure": gain["interval"][0] > 0} for name, gain in found.items()}
