"""Training: a predictor from recorded shoppers, each described by what the others teach."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Any

import numpy as np

from penchant.offline.eval.cases import Case, cases
from penchant.offline.eval.measures import target
from penchant.offline.learning import Folds
from prompts.learned.candidates import Candidates
from prompts.learned.features import Row
from prompts.learned.foresight import Foresight, counted_ends
from prompts.learned.predictor import Part, dump, lightgbm
from prompts.learned.priors import stays
from prompts.learned.snapshot import SUPPORT
from prompts.learned.window import Window
from prompts.rules import rules
from streams.errors import SettingInvalid
from streams.events.event import ShopperEvent

FOLDS = 5
"""Parts of shoppers: each is described by what the other parts teach, as it will be when the predictor serves."""

MOST_SESSIONS = 20_000
FEWEST = 500
"""Examples of each part that trees need."""

_SAME = {"deterministic": True, "force_row_wise": True, "num_threads": 1, "seed": 1, "verbosity": -1}
_GROWTH = {
    "learning_rate": 0.04, "num_leaves": 15, "min_data_in_leaf": 40, "bagging_fraction": 0.8, "bagging_freq": 1,
    "feature_fraction": 0.7, "lambda_l2": 5.0,
}  # fmt: skip
_OBJECTIVES: dict[Part, dict[str, Any]] = {
    "category": {"objective": "binary"},
    "brand": {"objective": "binary"},
    "low": {"objective": "quantile", "alpha": 0.1},
    "high": {"objective": "quantile", "alpha": 0.9},
}
_ROUNDS = 150


@dataclass(slots=True)
class _Examples:
    """Rows of features, and what came of each."""

    rows: list[Row] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)

    def add(self, rows: Iterable[Row], labels: Iterable[float]) -> None:
        self.rows += rows
        self.labels += labels


def train(events: Sequence[ShopperEvent], support: int = SUPPORT) -> bytes:
    """A predictor's file; the same events give the same bytes. Raises SettingInvalid where there are too few of them,
    PlatformLacks without LightGBM."""
    library = lightgbm()
    in_order = sorted(events, key=lambda event: (event.time_ms, event.shopper_id, event.event_id))
    folds = Folds(in_order, FOLDS, support)
    found: dict[Part, _Examples] = {part: _Examples() for part in _OBJECTIVES}
    for case in cases(in_order, MOST_SESSIONS, seed=1).cases:
        _teach(found, case, folds.at(case.shopper, 0))
    few = sorted(part for part, each in found.items() if len(each.rows) < FEWEST)
    if few:
        raise SettingInvalid(
            f"there are {len(found[few[0]].rows)} examples for {few[0]}; trees need {FEWEST}",
            "train on a longer recording",
        )
    return dump({part: _grown(library, part, each) for part, each in found.items()})


def _teach(found: dict[Part, _Examples], case: Case, foresight: Foresight) -> None:
    """What one cut teaches, if anything new comes after it."""
    window, candidates = Window(case.shown.view), foresight.candidates
    stay = stays(foresight.learned, window.categories) or 0.0
    if window.category and (step := target(case, "category")):
        names, rows = candidates.category_rows(window, stay)
        found["category"].add(rows, (float(name == step.category) for name in names))
    if step := target(case, "brand"):
        names, rows = candidates.brand_rows(window, stay)
        found["brand"].add(rows, (float(name == step.brand) for name in names))
    if (step := target(case, "price")) and (row := _price_row(candidates, window, case, stay)):
        doublings = log2(step.price / window.priced[-1].price)
        found["low"].add([row], [doublings])
        found["high"].add([row], [doublings])


def _price_row(candidates: Candidates, window: Window, case: Case, stay: float) -> Row | None:
    band = rules(case.shown.view).price_band
    if band is None or window.priced[-1].currency != band.currency:
        return None
    ends = counted_ends(candidates, window, band)
    return candidates.price_row(window, ends, stay) if ends else None


def _grown(library: Any, part: Part, taught: _Examples) -> str:
    """LightGBM's text. Chances correct the log odds of the counts, which a row begins with."""
    rows = np.array(taught.rows, dtype=float)
    begin = rows[:, 0].copy() if _OBJECTIVES[part]["objective"] == "binary" else None
    taught_rows = library.Dataset(rows, np.array(taught.labels), init_score=begin, params=_SAME)
    text: str = library.train(_SAME | _GROWTH | _OBJECTIVES[part], taught_rows, _ROUNDS).model_to_string()
    return text
