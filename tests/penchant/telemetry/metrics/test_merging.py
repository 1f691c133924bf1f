"""One answer of several workers."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from agents.health.probes import Health, Judgement
from agents.worker.instruments import Instruments
from penchant.telemetry.metrics.exposition import exposition
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
    text = 'penchant_events_total{} 7.0\npenchant_x_bucket{le="1.0"} 3.0\n'
    head = "# TYPE penchant_events_total counter\n# TYPE penchant_x histogram\n"
    found = samples([told(1, text=head + text), told(2, text=head + text.replace("7", "9")), told(3, None)])
    assert found['penchant_events_total{worker="1"}'] == 7.0
    assert found['penchant_events_total{worker="2"}'] == 9.0
    assert found['penchant_x_bucket{le="1.0",worker="2"}'] == 3.0
    assert [found[f'penchant_worker_up{{worker="{number}"}}'] for number in (1, 2, 3)] == [1.0, 1.0, 0.0]
    assert found['penchant_worker_restarts_total{worker="3"}'] == 1.0


def test_nothing_of_a_real_page_is_lost() -> None:
    """Every series of a worker's own page is in the merged one, with its value and type."""
    page = exposition(Instruments(Health(60)))("")[0].decode()
    own = {
        (sample.name, frozenset({**sample.labels, "worker": "4"}.items())): family.type
        for family in text_string_to_metric_families(page)
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
