"""Objectives: what share of events may go without a fresh intent, and how fast that budget burns.

The windows and factors are those of the Site Reliability Workbook, chapter 5: an alert needs a long window, which says
that it matters, and a short one, which says that it still goes on.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class Objective:
    """`target` is the least share of good ones. `bad` and `all` are PromQL with {window} for the range."""

    name: str
    meaning: str
    target: float
    bad: str
    all: str
    cause: str
    """The metrics that say why, as the runbook has them."""

    def record(self, window: str) -> str:
        """The name of the recorded share of bad ones."""
        return f"penchant:{self.name}_misses:ratio_rate{window}"

    def ratio(self, window: str) -> str:
        """PromQL of that share."""
        return f"({self.bad}) / ({self.all})".replace("{window}", window)


class Burn(NamedTuple):
    """The budget of 30 days burns `factor` times too fast in both windows."""

    factor: float
    long: str
    short: str
    severity: Severity


FRESH = Objective(
    "fresh",
    "Intents that can be read within 5 seconds of their oldest event.",
    0.95,
    "sum(rate(penchant_freshness_seconds_count[{window}])) - "
    'sum(rate(penchant_freshness_seconds_bucket{le="5.0"}[{window}]))',
    "sum(rate(penchant_freshness_seconds_count[{window}]))",
    "penchant_queue_seconds",
)
IN_TIME = Objective(
    "in_time",
    "Events that asked for a call and whose intent could be read before their shopper's next event.",
    0.70,
    'sum(rate(penchant_next_events_total{intent="late"}[{window}]))',
    "sum(rate(penchant_next_events_total[{window}]))",
    "penchant_freshness_seconds",
)
OBJECTIVES = (FRESH, IN_TIME)
"""The targets are where to begin: set your own once you know what your pages need."""

BURNS = (
    Burn(14.4, "1h", "5m", "page"),
    Burn(6.0, "6h", "30m", "page"),
    Burn(3.0, "1d", "2h", "ticket"),
    Burn(1.0, "3d", "6h", "ticket"),
)

WINDOWS = tuple(dict.fromkeys(window for burn in BURNS for window in (burn.short, burn.long)))


def burns(objective: Objective) -> list[Burn]:
    """Those that can happen: a budget of a third cannot burn more than three times as fast."""
    return [burn for burn in BURNS if burn.factor * (1 - objective.target) < 1]
