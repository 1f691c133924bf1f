"""What intents are worth to a ranker: LightGBM with and without `penchant_reader.features`, on recorded shop events.

    python -m pip install -r benchmarks/requirements/ranker.txt
    python -m benchmarks.ranker --events recording.csv > benchmarks/results/ranker.json

The recording is of REES46 (https://www.kaggle.com/datasets/mkechinov/ecommerce-behavior-data-from-multi-category-store).
Rankers learn from the sessions that began in the first part of it and are judged on those that began after; each is
judged with fresh, stale and missing intents apart. Intervals are bootstrapped by session. The table goes to stderr.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from penchant_reader import Candidate, ReadIntent, features

from benchmarks.ranking_requests import NEGATIVES, STALE_BY, Request, requests
from penchant.offline.facts import facts, versions
from streams.events.event import ShopperEvent
from streams.events.formats import rees46

TRAINED_ON, SEED, RESAMPLED = 0.6, 1, 2_000
STATES = ("fresh", "stale", "missing")
LEARNT = {"fresh": 0.7, "stale": 0.2, "missing": 0.1}
"""In which state a ranker meets intents while it learns."""

PARAMETERS = {
    "objective": "lambdarank", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50, "num_threads": 1,
    "deterministic": True, "force_row_wise": True, "seed": SEED, "verbosity": -1,
}  # fmt: skip
TREES = 200

Matrix = Any  # numpy's, which types itself no further here
Row = Callable[[Request, int, ReadIntent], Sequence[float]]
Model = Callable[[Matrix], Matrix]
Train = Callable[[Matrix, Matrix, Sequence[int]], Model]


def item_alone(request: Request, at: int, _: ReadIntent) -> Sequence[float]:
    """What a ranker knows of a candidate without the shopper: how often it was looked at, and its price."""
    return math.log1p(request.counts[at]), math.log1p(request.candidates[at].price or 0.0)


def last_item(request: Request, at: int, intent: ReadIntent) -> Sequence[float]:
    """And how it is like the item that the shopper looked at last, which is strong on its own."""
    one, last = request.candidates[at], request.last
    near = min(one.price, last.price) / max(one.price, last.price) if one.price and last.price else 0.0
    same = [bool(a) and a == b for a, b in ((one.category, last.category), (one.brand, last.brand))]
    return *item_alone(request, at, intent), _shared(one, last), *map(float, same), near


def with_intent(plain: Row) -> Row:
    """And how it fits the intent."""
    return lambda request, at, intent: (*plain(request, at, intent), *features(intent, request.candidates[at]))


RANKERS: dict[str, Row] = {
    "item": item_alone,
    "item + intent": with_intent(item_alone),
    "item + last item": last_item,
    "item + last item + intent": with_intent(last_item),
}
COMPARED = (("item", "item + intent"), ("item + last item", "item + last item + intent"))


def main() -> None:
    """Read, learn, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=Path, required=True, help="a recording of REES46, as CSV")
    parser.add_argument("--learned", action="store_true", help="intents by rules that learned from those before")
    given = parser.parse_args()
    path = given.events
    with path.open("rb") as file:
        events = [each for each in rees46.read(line.rstrip() for line in file) if isinstance(each, ShopperEvent)]
    found = evaluate(list(requests(events, SEED, learned=given.learned)), lambdarank)
    for line in table(found):
        print(line, file=sys.stderr)
    learner = versions(("lightgbm", "numpy"))
    print(
        json.dumps(
            facts("ranker", quick=False, components=learner)
            | {"recording": path.name, "learned": given.learned}
            | found
        )
    )


def evaluate(all_requests: Sequence[Request], train: Train) -> dict[str, Any]:
    """Every ranker's figures in every state, and what the intents add, with intervals."""
    times = sorted(request.began_ms for request in all_requests)
    split_ms = times[int(len(times) * TRAINED_ON)]
    early = [request for request in all_requests if request.time_ms < split_ms]
    late = [request for request in all_requests if request.began_ms >= split_ms]
    models = {name: _train(row, early, train) for name, row in RANKERS.items()}
    return {
        "requests": {"learnt_from": len(early), "judged_on": len(late)},
        "candidates": NEGATIVES + 1, "stale_by_events": STALE_BY,
        "judged": [_judge(models, late, state, part) for state in STATES for part in PARTS],
    }  # fmt: skip


PARTS: dict[str, Callable[[Request], bool]] = {
    "all": lambda _: True,
    "category switches": lambda request: request.candidates[0].category != request.last.category,
}


def lambdarank(rows: Matrix, labels: Matrix, groups: Sequence[int]) -> Model:
    """LightGBM's ranker, made to give the same trees every time."""
    import lightgbm  # noqa: PLC0415 (the tests do without)

    booster = lightgbm.train(PARAMETERS, lightgbm.Dataset(rows, label=labels, group=list(groups)), TREES)
    return lambda rows: np.asarray(booster.predict(rows))


def rank_of_first(scores: Matrix) -> float:
    """Where the first candidate stands, from 1; among equals in their middle."""
    return float(1 + np.sum(scores[1:] > scores[0]) + np.sum(scores[1:] == scores[0]) / 2)


def ndcg_at_10(rank: float) -> float:
    """With one right answer."""
    return 1 / math.log2(rank + 1) if rank <= 10 else 0.0


def table(found: dict[str, Any]) -> list[str]:
    """As Markdown."""
    lines = [
        "| intents | requests | ranker | NDCG@10 | MRR | intent adds to NDCG@10, 95 % |",
        "|---|---|---|---|---|---|",
    ]
    for judged in found["judged"]:
        where = f"{judged['state']}, {judged['part']}"
        for name in RANKERS:
            figures, gain = judged["rankers"][name], judged["gains"].get(name)
            told = (
                f"{gain['ndcg_10']:+.3f} ({gain['ndcg_10_interval'][0]:+.3f} to {gain['ndcg_10_interval'][1]:+.3f})"
                if gain
                else ""
            )
            cells = (where, judged["requests"], name, f"{figures['ndcg_10']:.3f}", f"{figures['mrr']:.3f}", told)
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return lines


def _train(row: Row, early: Sequence[Request], train: Train) -> Model:
    random, rows, labels, groups = Random(SEED), [], [], []
    for request in early:
        state = random.choices(list(LEARNT), list(LEARNT.values()))[0]
        intent = request.intent(state) or request.intents[-1]
        rows += [row(request, at, intent) for at in range(len(request.candidates))]
        labels += [1, *[0] * (len(request.candidates) - 1)]
        groups.append(len(request.candidates))
    return train(np.array(rows), np.array(labels), groups)


def _judge(models: dict[str, Model], late: Sequence[Request], state: str, part: str) -> dict[str, Any]:
    pairs = [(request, intent) for request in late if PARTS[part](request) and (intent := request.intent(state))]
    sessions = [request.session for request, _ in pairs]
    figures = {name: _figures(row, models[name], pairs) for name, row in RANKERS.items()}
    judged = {
        name: {key: round(float(values.mean()), 4) for key, values in each.items()} for name, each in figures.items()
    }
    gains: dict[str, dict[str, Any]] = {}
    for plain, enriched in COMPARED:
        gains[enriched] = {}
        for key in ("ndcg_10", "mrr"):
            added = figures[enriched][key] - figures[plain][key]
            gains[enriched] |= {key: round(float(added.mean()), 4), f"{key}_interval": bootstrap(added, sessions)}
    return {"state": state, "part": part, "requests": len(pairs), "rankers": judged, "gains": gains}


def _figures(row: Row, model: Model, pairs: Sequence[tuple[Request, ReadIntent]]) -> dict[str, Matrix]:
    sizes = [len(request.candidates) for request, _ in pairs]
    rows = [row(request, at, intent) for request, intent in pairs for at in range(len(request.candidates))]
    scores = np.split(model(np.array(rows)), np.cumsum(sizes)[:-1])
    ranks = [rank_of_first(each) for each in scores]
    return {"ndcg_10": np.array([ndcg_at_10(rank) for rank in ranks]), "mrr": np.array([1 / rank for rank in ranks])}


def bootstrap(added: Matrix, sessions: Sequence[str]) -> list[float]:
    """Where the mean lies with 95 %, when whole sessions are drawn again and again."""
    _, owner = np.unique(sessions, return_inverse=True)
    sums, sizes = np.bincount(owner, weights=added), np.bincount(owner)
    drawn = np.random.default_rng(SEED).integers(0, len(sums), size=(RESAMPLED, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    return [round(float(value), 4) for value in np.percentile(means, [2.5, 97.5])]


def _shared(one: Candidate, last: Candidate) -> float:
    """How much of their categories' paths they have in common."""
    mine, theirs = one.category.split("/"), last.category.split("/")
    shared = next(
        (at for at, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), min(len(mine), len(theirs))
    )
    return shared / max(len(mine), len(theirs)) if one.category and last.category else 0.0


if __name__ == "__main__":
    main()
