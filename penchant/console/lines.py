"""Lines: what the small charts beside freshness show, as this console works it out, and as a Prometheus does. Pure."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from penchant.console.history import Point
from penchant.telemetry.rules.panels import rate


class Line(NamedTuple):
    """A small chart: the value of a moment, and the same in PromQL. `unit` is what its numbers are: a count, counts a
    second, a share of one, or money."""

    title: str
    unit: str
    value: Callable[[Point], float | None]
    query: str


CACHED, PROMPTED = (rate(f'penchant_tokens_total{{kind="{kind}"}}') for kind in ("cached", "input"))
BY_RULES, BY_MODEL = (rate(f'penchant_intents_total{{source="{source}"}}') for source in ("rules", "model"))
LINES: Sequence[Line] = (
    Line("Events a second", "/s", lambda point: point.events_per_s, rate("penchant_events_total")),
    Line("Calls a second", "/s", lambda point: point.calls_per_s, rate("penchant_calls_total")),
    Line("Intents by rules", "share", lambda point: point.rules_share,
         f"{BY_RULES} / {rate('penchant_intents_total')}"),
    Line("Shoppers owed a call", "count", lambda point: point.owed, "sum(penchant_backlog_shoppers)"),
    Line("Events unread", "count", lambda point: point.lag, "sum(penchant_partition_lag_offsets)"),
    Line("Prompt tokens cached", "share", lambda point: point.cached_share,
         f"{CACHED} / {PROMPTED}"),
    Line("Cost of 1,000 intents", "money", lambda point: point.cost_per_thousand,
         f"1000 * {rate('penchant_replica_cost_total')} / {BY_MODEL}"),
)  # fmt: skip
"""In the order in which they stand."""
