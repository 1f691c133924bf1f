"""The page on metrics."""

from pathlib import Path
from typing import Any

from penchant.telemetry.metrics.jobs import JOBS
from penchant.telemetry.metrics.page import page
from penchant.telemetry.metrics.serve import SERVE
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from penchant.telemetry.metrics.words import Metric


def test_the_page_is_up_to_date() -> None:
    """docs/metrics.md is what `python -m penchant.telemetry.metrics.page` writes now."""
    assert (Path(__file__).parents[4] / "docs" / "metrics.md").read_text(encoding="utf-8") == page()


def test_every_metric_is_on_it_with_what_to_do() -> None:
    """Each has a heading, and each name is there once."""
    metrics: list[Metric[Any]] = [*VOCABULARY, *JOBS, *SERVE]
    names = [metric.full_name for metric in metrics]
    assert len(set(names)) == len(names)
    for metric in metrics:
        assert f"## {metric.full_name}\n" in page()
        assert metric.action.endswith((".", "?"))
        assert metric.meaning.endswith(".")
