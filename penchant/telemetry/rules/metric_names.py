"""Metric names in PromQL, and the metric of the vocabulary that each is."""

import re
from typing import Any

from penchant.telemetry.metrics.jobs import JOBS
from penchant.telemetry.metrics.serve import SERVE
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from penchant.telemetry.metrics.words import Metric

NAME = re.compile(r"\bpenchant_[a-z_]+\b")
PARTS = ("_bucket", "_count", "_sum")
ALL: list[Metric[Any]] = [*VOCABULARY, *JOBS, *SERVE]
BY_NAME = {metric.full_name: metric for metric in ALL}


def metrics_in(expression: str) -> list[Metric[Any]]:
    """Those of the vocabulary that PromQL names, each once; KeyError for a name that is none."""
    return list(dict.fromkeys(map(_metric, NAME.findall(expression))))


def _metric(name: str) -> Metric[Any]:
    if name in BY_NAME:
        return BY_NAME[name]
    whole = next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name)
    metric = BY_NAME[whole]
    if metric.kind != "histogram":
        raise KeyError(name)
    return metric
