"""Arms: the metrics of experiments. The settings name the arms, so that there are no more labels than that."""

import time
from collections.abc import Iterable

from agents.experiments.lift import CONVERSIONS, IMPRESSIONS
from agents.experiments.outcomes import NAMES
from agents.experiments.value import HUNDREDTHS
from agents.worker.instruments import Instruments
from penchant.telemetry.metrics.readings import Sample
from penchant.telemetry.metrics.words import Metric, WorkerMetric

ARM = ("experiment", "arm")


def outcomes(instruments: Instruments) -> Iterable[Sample]:
    """What became of each arm's calls."""
    for key, counts in list(instruments.outcomes.totals.items()):
        for name in NAMES:
            yield (*key, name), counts[name]


def sessions(instruments: Instruments) -> Iterable[Sample]:
    """What became of each arm's sessions."""
    for key, counts in list(instruments.outcomes.totals.items()):
        for name in ("sessions", *CONVERSIONS):
            yield (*key, name), counts[name]


def impressions(instruments: Instruments) -> Iterable[Sample]:
    """What became of what each arm's shoppers were shown."""
    for key, counts in list(instruments.outcomes.totals.items()):
        if counts["impressions"]:
            for name in IMPRESSIONS:
                yield (*key, name), counts[name]


def left_out(instruments: Instruments) -> Iterable[Sample]:
    """Impressions that count for nothing, by why."""
    return [((why,), count) for why, count in instruments.meter.impressions_left_out.copy().items()]


def value(instruments: Instruments) -> Iterable[Sample]:
    """What each arm's sessions bought for."""
    for key, counts in list(instruments.outcomes.totals.items()):
        if counts["value"]:
            yield key, counts["value"] / HUNDREDTHS


def answers(instruments: Instruments) -> Iterable[Sample]:
    """How long each arm's answers took."""
    return list(instruments.outcomes.latency_s.items())


def forward(instruments: Instruments) -> Iterable[Sample]:
    """1 for each experiment in force."""
    if (sync := instruments.sync) is not None:
        running = {each.name for each in sync.active_experiments.running}
        for each in sync.active_experiments.experiments:
            yield (each.name,), each.name in running


def age_s(instruments: Instruments) -> Iterable[Sample]:
    """How old what is known of the fleet is."""
    if (sync := instruments.sync) is not None and sync.read_s is not None:
        yield (), max(time.monotonic() - sync.read_s, 0.0)


def forecasts(instruments: Instruments) -> Iterable[Sample]:
    """How many calls a second are expected of all workers."""
    if (sync := instruments.sync) is not None and (seen := sync.demand.forecast) is not None:
        yield ("quarter_hour",), seen.ahead
        yield ("day_peak",), seen.peak


ARMS: tuple[WorkerMetric, ...] = (
    Metric(
        "gauge", "experiment_forward", "1 while an experiment is in force, 0 when it was rolled back.",
        "0: `penchant control status` says why, and by whom; it stays so until an operator brings it forward.",
        forward, ("experiment",),
    ),
    Metric(
        "counter", "arm_outcomes",
        "What became of an arm's calls on this worker, the control's too: failed, invalid, empty (no evidence); of a "
        "shadow agreed or skipped; of a holdout withheld.",
        "`skipped`: the shadow's pool is too small for its percentage.",
        outcomes, (*ARM, "outcome"),
    ),
    Metric(
        "counter", "arm_sessions",
        "Sessions that began on this worker, by arm, the control's and holdouts' too, and how many of them clicked, "
        "put something in the cart or bought.",
        "Compare rates, not counts: `penchant experiments show` gives the difference with its interval.",
        sessions, (*ARM, "outcome"),
    ),
    Metric(
        "counter", "arm_value",
        "What the purchases in each arm's sessions on this worker come to, in lift.currency, the control's and "
        "holdouts' too; each session up to lift.most_value.",
        "Divide it by the arm's sessions; `penchant experiments show` gives the difference with its interval.",
        value, ARM,
    ),
    Metric(
        "counter", "arm_impressions",
        "Impressions of kafka.impressions_topic by arm, the control's and holdouts' too: how many, of how many a "
        "product was opened, how many an intent had put in order; products shown and opened, and the sum of the "
        "positions of those opened.",
        "`clicked_through` / `impressions` is click-through; `penchant experiments show` gives the difference with its "
        "interval.",
        impressions, (*ARM, "outcome"),
    ),
    Metric(
        "counter", "impressions_left_out",
        "Impressions that count for no arm: refused as records (`json`, `schema`, `unit`, `key` and so on), of "
        "shoppers without a session that tells (`unknown`), from before an erasure (`erased`), without consent "
        "(`no_consent`).",
        "`unknown` is most of them: workers are behind with the topic, or products are shown to shoppers who send no "
        "events. A reason of records: the log line `impression.refused` names the field.",
        left_out, ("reason",),
    ),
    Metric(
        "histogram", "arm_answer_seconds", "How long an arm's answers took, on this worker.",
        "Far above its control's: the guardrail will roll it back.",
        answers, ARM,
    ),
    Metric(
        "gauge", "control_age_seconds", "How long ago this worker last read the control hash.",
        "Above 2: look at Redis; until it is back, what was last decided stays in force.",
        age_s,
    ),
    Metric(
        "gauge", "forecast_calls_per_second",
        "Calls a second that are expected of all workers: in a quarter of an hour, and at the peak of the next day.",
        "Scale model servers by `quarter_hour`; every worker tells the same.",
        forecasts, ("horizon",),
    ),
)  # fmt: skip
"""In the order in which an operator asks."""
