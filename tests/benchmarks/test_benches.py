"""The benches in their smallest form: what they report, and that nothing is lost. How fast is for them to say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks import growth, ingest, latency, recovery, steady
from benchmarks.cpu_parts import PARTS as PARTS_OF_FILES
from benchmarks.cpu_parts import REST, THREADS
from benchmarks.scarce_calls import ScarcePlan
from benchmarks.servers import Servers, servers
from benchmarks.stamps import PARTS
from benchmarks.systems import OTHERS
from sandbox.servers.apache import resolve_classpath
from streams.errors import PlatformLacks
from tests.kafka import SKIPPED

pytestmark = [pytest.mark.slow, pytest.mark.kafka, pytest.mark.redis]

INGEST = ingest.IngestPlan(
    events=3_000, shoppers=100, full_events=2_000, full_shoppers=50, partitions=2, rounds=1, full_rounds=1,
    sessions=20, scarce=ScarcePlan(events=2_000, shoppers=100, rounds=1, partitions=2),
    others=[system for system in OTHERS if system.environment is None],
)  # fmt: skip
RECOVERY = recovery.RecoveryPlan(
    shoppers=60, events_per_second=60.0, steady_s=2.0, last_s=0.5, crashes=1, partitions=2, commit_lag_s=0.5,
    within_s=120.0,
)  # fmt: skip


@pytest.fixture(scope="module")
async def stage(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    """A Kafka and a Redis of their own; without a JDK the tests are skipped."""
    try:
        resolve_classpath()
    except PlatformLacks as lack:
        pytest.skip(f"{SKIPPED}{lack}")
    async with servers(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


async def test_ingest_reports_rates_and_ratios(stage: Servers, tmp_path: Path) -> None:
    """The keys that the design promises, for the systems that took part; all folded the same sessions."""
    lines: list[str] = []
    report = await ingest.run(INGEST, stage, tmp_path, lines.append)
    assert report["events_per_second"].keys() == {"penchant", "penchant_decode_fold", "plain_faust"}
    assert all(rate > 0 for rate in report["events_per_second"].values())
    assert report["ratio"].keys() == report["ratio_per_cpu_second"].keys() == {"plain_faust"}
    assert report["events_per_cpu_second"].keys() == report["events_per_second"].keys()
    assert report["bytes_per_session"]["hot"] > report["bytes_per_session"]["packed"] > 0
    assert report["loop_lag_ms"].keys() == {"p50", "p99", "max"}
    whole = report["whole"][0]
    assert whole["events"] == INGEST.full_events
    assert whole["intents"] + whole["parked"] > 0
    calls = report["scarce_calls"]["penchant"]
    assert calls["fresh"] == INGEST.scarce.shoppers
    assert 0 < calls["calls"] < INGEST.scarce.events
    assert lines


async def test_growth_reports_each_step(stage: Servers) -> None:
    """Partitions and shoppers, with memory and loop lag."""
    steps = growth.Growth(partitions=(1, 1), shoppers=(10, 20), events=200)
    report = await growth.run(steps, stage, lambda _: None)
    assert [(step["partitions"], step["shoppers"]) for step in report["growth"]] == [(1, 10), (1, 20)]
    assert all(step["peak_mb"] > 0 and step["loop_lag_ms"]["max"] >= 0 for step in report["growth"])


async def test_steady_reports_a_rate_that_is_held(stage: Servers, tmp_path: Path) -> None:
    """The keys that the design promises; every event that asks for a call has one, by the server on the other core."""
    plan = steady.SteadyPlan(first=30.0, seconds=3.0, steps=1, shoppers=40)
    report = await steady.measure(plan, stage, tmp_path, lambda _: None)
    assert report["events_per_second_core"] == 30.0
    assert 0.5 < report["calls_per_event"] <= 1
    assert report["calls_per_second_core"] == pytest.approx(30 * report["calls_per_event"], abs=0.1)
    assert report["lag_growth"] >= 0
    assert report["loop_lag_ms"].keys() == {"p50", "p99", "max"}
    told = report["parts_us"]
    assert {THREADS} <= told.keys() <= {THREADS, REST, *(part for _, part in PARTS_OF_FILES)}
    assert 0 < sum(told.values()) <= report["runs"][0]["cpu_us_per_event"] + len(told)
    assert report["server"]["cpu_us_per_call"] > 0


async def test_latency_reports_five_parts(stage: Servers) -> None:
    """At the asked rate and at half of what the core would hold, with the parts and what they cost."""
    plan = latency.LatencyPlan(rate=30.0, probe=40.0, seconds=4.0, shoppers=40)
    report = await latency.measure(plan, stage, lambda _: None)
    assert [row["rate"] for row in report["runs"]][:2] == [30.0, 40.0]
    assert report["runs"][-1]["half_of_capacity"]
    for row in report["runs"]:
        assert 0 < row["added_ms"]["p50"] <= row["added_ms"]["p99"]
        assert row["parts_ms"].keys() == PARTS.keys()
        assert 0 < row["confirmed_ms"]["p50"] <= row["confirmed_ms"]["p99"]
        assert row["cpu_us_per_event"] > 0


async def test_recovery_loses_nothing(stage: Servers, tmp_path: Path) -> None:
    """After a kill -9 the second worker's final state is the fold of the whole log."""
    report = await recovery.run(RECOVERY, stage, tmp_path, lambda _: None)
    assert report["events_lost"] == 0
    assert report["sessions_wrong"] == 0
    assert report["events"] > RECOVERY.shoppers
    assert report["calls"] > 0
    counted = "seconds_to_first_intent", "events_read_again", "calls_repeated", "calls_in_flight_at_crash"
    for key in (*counted, "stopping_s", "ownerless_stop_s"):
        assert report[key] >= 0
    assert set(recovery.SHOWN) <= report.keys()
