"""One answer of several workers."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from agents.health.probes import Health, Judgement
from agents.worker.instruments import Instruments
from clients.calls import Completion
from penchant.supervisor.pages import OPEN_METRICS
from penchant.telemetry.metrics.exposition import encoded, exposition
from penchant.telemetry.metrics.merging import Merged, Told, alive, ready

WELL, AWAY = Judgement(ok=True), Judgement(ok=False, reasons=("redis is away",))


def told(number: int, up_s: float | None = 5.0, judgement: Judgement | None = None, text: str | None = None) -> Told:
    """A worker that has been started twice."""
    return Told(number, up_s, restarts=1, text=text, judgement=judgement)


def samples(workers: list[Told]) -> dict[str, float]:
    """Of the merged page, as its own text has them."""
    registry = CollectorRegistry()
    registry.register(Merged(workers))
    lines = generate_latest(registry).decode().splitlines()
    assert len({line for line in lines if line.startswith("# TYPE")}) == sum(
        line.startswith("# TYPE") for line in lines
    )
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_ready_are_all_or_none() -> None:
    """One that starts, or lacks something, is named; so is one that does not run."""
    assert ready([told(1, judgement=WELL), told(2, judgement=WELL)]) == Judgement(ok=True)
    reasons = ("worker 1: redis is away", "worker 2: starting")
    assert ready([told(1, judgement=AWAY), told(2, None)]) == Judgement(ok=False, reasons=reasons)


def test_alive_is_who_is_not_stuck() -> None:
    """One that is being started again, or begins, is not; one that is silent for longer than the bound is."""
    assert alive([told(1, judgement=WELL), told(2, None), told(3, 20.0)], bound_s=20.0).ok
    assert not alive([told(1, judgement=WELL), told(2, 20.1)], bound_s=20.0).ok
    assert not alive([told(1, judgement=AWAY), told(2, judgement=WELL)], bound_s=20.0).ok


def test_each_series_keeps_its_worker() -> None:
    """Nothing is summed, and each family is there once; a worker that does not answer has what its parent knows."""
    text = """\
# TYPE penchant_events counter
penchant_events_total 7.0
# TYPE penchant_x histogram
penchant_x_bucket{le="1.0"} 3.0
penchant_x_bucket{le="+Inf"} 3.0
# EOF
"""
    found = samples([told(1, text=text), told(2, text=text.replace("7", "9")), told(3, None)])
    assert found['penchant_events_total{worker="1"}'] == 7.0
    assert found['penchant_events_total{worker="2"}'] == 9.0
    assert found['penchant_x_bucket{le="1.0",worker="2"}'] == 3.0
    assert [found[f'penchant_worker_up{{worker="{number}"}}'] for number in (1, 2, 3)] == [1.0, 1.0, 0.0]
    assert found['penchant_worker_restarts_total{worker="3"}'] == 1.0


def test_nothing_of_a_real_page_is_lost() -> None:
    """Every series of a worker's own page is in the merged one, with its value and type."""
    page = exposition(Instruments(Health(60)))(OPEN_METRICS)[0].decode()
    own = {
        (sample.name, frozenset({**sample.labels, "worker": "4"}.items())): family.type
        for family in openmetrics.text_string_to_metric_families(page)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    registry = CollectorRegistry()
    registry.register(Merged([told(4, text=page)]))
    merged = {
        (sample.name, frozenset(sample.labels.items())): family.type
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }
    assert own.items() <= merged.items()


@pytest.mark.parametrize(("accept", "kind"), [(OPEN_METRICS, "application/openmetrics-text"), ("", "text/plain")])
def test_exemplars_are_kept_for_who_reads_them(accept: str, kind: str) -> None:
    """Each worker's slow buckets lead to its own traces, in OpenMetrics; the old format has none and is whole."""
    pages = []
    for trace in ("ab", "cd"):
        instruments = Instruments(Health(60))
        instruments.meter.count_answer(Completion("{}", "m", "a:1", trace_id=trace * 16), 3.0)
        pages.append(exposition(instruments)(OPEN_METRICS)[0].decode())
    registry = CollectorRegistry()
    registry.register(Merged([told(number, text=page) for number, page in enumerate(pages, 1)]))
    text, content_type = encoded(registry, accept)
    assert content_type.split(";")[0] == kind
    parse = openmetrics.text_string_to_metric_families if accept else text_string_to_metric_families
    found = {
        (sample.labels["worker"], sample.labels["le"]): sample.exemplar.labels["trace_id"] if sample.exemplar else ""
        for family in parse(text.decode())
        for sample in family.samples
        if sample.name == "penchant_call_seconds_bucket"
    }
    assert {key: trace for key, trace in found.items() if trace} == (
        {("1", "5.12"): "ab" * 16, ("2", "5.12"): "cd" * 16} if accept else {}
    )
    assert len(found) % 2 == 0
