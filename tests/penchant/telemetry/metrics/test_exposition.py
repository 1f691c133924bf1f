"""What a monitoring system reads."""

import time
from dataclasses import fields

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.outcomes import ArmCallCounter
from agents.fleet.judge import ExperimentJudge
from agents.fleet.switches import SwitchState
from agents.fleet.sync import FleetSync
from agents.health.probes import Health
from agents.health.snapshot import Held, PartitionVitals, Vitals
from agents.health.statistics import Meter
from agents.worker.instruments import Instruments
from clients.calls import Completion
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool, Price
from penchant.telemetry.metrics.exposition import exposition
from penchant.telemetry.metrics.vocabulary import VOCABULARY
from sandbox.servers.fleet import MemoryFleet
from storage.fleet import ExperimentDecision
from tests.fakes.model import ScriptedModel


def read(instruments: Instruments) -> dict[str, float]:
    """Every sample by name and labels, as Prometheus' own parser reads it."""
    text = exposition(instruments)("")[0].decode()
    return {
        f"{sample.name}{sorted(sample.labels.values()) or ''}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_every_count_of_the_meter_is_told() -> None:
    """Whatever a worker counts can be seen: each plain count, set to a number of its own, changes a sample."""
    counts = [field.name for field in fields(Meter) if isinstance(getattr(Meter(), field.name), int)]
    before = read(Instruments(Health(60)))
    for name in counts:
        instruments = Instruments(Health(60))
        setattr(instruments.meter, name, 1_000)
        if name == "dead_letters":
            instruments.meter.count_dead_letters(["json"])
        after = read(instruments)
        assert [sample for sample in before if sample.startswith("penchant_") and after[sample] != before[sample]], name


def test_a_slow_bucket_leads_to_a_trace() -> None:
    """In OpenMetrics, for who asks for it, each bucket of call times has its last traced value; in the old format, and
    where nothing is traced, none has. No histogram but those of calls has any."""
    instruments = Instruments(Health(60))
    tell = exposition(instruments)
    instruments.meter.count_answer(Completion("{}", "m", "a:1", trace_id="ab" * 16, prefill_ms=30.0), 3.0)
    instruments.meter.count_answer(Completion("{}", "m", "a:1"), 0.3)
    text, content_type = tell("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    traced = {
        (sample.name, sample.labels["le"]): (sample.exemplar.labels, sample.exemplar.value)
        for family in openmetrics.text_string_to_metric_families(text.decode())  # type: ignore[no-untyped-call] # the library's
        for sample in family.samples
        if sample.exemplar
    }
    assert traced == {
        ("penchant_call_seconds_bucket", "5.12"): ({"trace_id": "ab" * 16}, 3.0),
        ("penchant_first_token_seconds_bucket", "0.04"): ({"trace_id": "ab" * 16}, 0.03),
    }
    assert b"trace_id" not in tell("*/*")[0]


def test_what_a_router_tells_is_told() -> None:
    """On average and at last; of a server that tells nothing of it there is no sample, and no zero either."""
    pools = PooledClient([Pool("own", (Endpoint(url="a:1"), Endpoint(url="b:1")))], lambda _: ScriptedModel())
    first, _ = pools.replicas
    for share, queue in ((0.5, 4), (0.9, 2), (None, None)):
        first._count(Completion("{}", "m", "a:1", kv_hit_rate=share, router_queue=queue))
    told = read(Instruments(Health(60), replicas=lambda: pools.replicas))
    assert round(told["penchant_replica_kv_hit_rate['a:1', 'own']"], 9) == 0.54
    assert told["penchant_replica_router_queue['a:1', 'own']"] == 2
    assert not [name for name in told if "b:1" in name and ("kv_hit" in name or "router" in name)]


def test_how_soon_a_server_begins_is_told() -> None:
    """With its own queue, on average; of one that does not tell there is no sample."""
    pools = PooledClient([Pool("own", (Endpoint(url="a:1"), Endpoint(url="b:1")))], lambda _: ScriptedModel())
    for queue_ms, prefill_ms in ((None, 100.0), (100.0, 100.0), (None, None)):
        pools.replicas[0]._count(Completion("{}", "m", "a:1", queue_ms=queue_ms, prefill_ms=prefill_ms))
    told = read(Instruments(Health(60), replicas=lambda: pools.replicas))
    assert round(told["penchant_replica_first_token_seconds['a:1', 'own']"], 9) == 0.11
    assert "penchant_replica_first_token_seconds['b:1', 'own']" not in told


def test_what_was_seen_is_told() -> None:
    """Vitals become gauges, by partition and by dependency; what is not known yet is left out."""
    instruments = Instruments(Health(60))
    now_s = time.monotonic()
    partitions = (
        PartitionVitals("clicks", 0, lag=7, span=5, oldest_s=now_s - 30, committed=40, paused=True, moved_s=now_s - 50),
        PartitionVitals("clicks", 1, moved_s=now_s - 50),
    )
    seen = Vitals(now_s, now_s, {"redis": "no answer"}, partitions, 9, Held(2, 3, 4_000), rebalances=2)
    instruments.health.observe(seen)
    told = read(instruments)
    assert told["penchant_dependency_up['redis']"] == 0
    assert told["penchant_dependency_up['kafka']"] == told["penchant_dependency_up['model']"] == 1
    assert told["penchant_ready"] == 0
    assert told["penchant_alive"] == 1
    assert told["penchant_backlog_shoppers"] == 9
    assert told["penchant_sessions['hot']"] == 2
    assert told["penchant_sessions['packed']"] == 3
    assert told["penchant_sessions_bytes"] == 4_000
    assert told["penchant_partition_lag_offsets['0', 'clicks']"] == 7
    assert told["penchant_partition_uncovered_offsets['0', 'clicks']"] == 5
    assert 30 <= told["penchant_partition_uncovered_age_seconds['0', 'clicks']"] < 40
    assert told["penchant_partition_uncovered_age_seconds['1', 'clicks']"] == 0
    assert told["penchant_partition_committed_offset['0', 'clicks']"] == 40
    assert told["penchant_partition_commit_age_seconds['0', 'clicks']"] >= 50
    assert told["penchant_partition_commit_age_seconds['1', 'clicks']"] == 0
    assert told["penchant_rebalances_total"] == 2
    assert told["penchant_partition_paused['0', 'clicks']"] == 1
    assert "penchant_partition_lag_offsets['1', 'clicks']" not in told


def test_histograms_are_whole() -> None:
    """Buckets cumulate up to `+Inf`, which is the count; the sum is in seconds."""
    instruments = Instruments(Health(60))
    for value in (0.3, 0.3, 4.0, 9_999.0):
        instruments.meter.timings.add_freshness("other", value)
    told = read(instruments)
    buckets = [
        value
        for name, value in told.items()
        if name.startswith("penchant_freshness_seconds_bucket") and "other" in name
    ]
    assert buckets == sorted(buckets)
    assert told["penchant_freshness_seconds_bucket['0.5', 'other']"] == 2
    assert told["penchant_freshness_seconds_bucket['+Inf', 'other']"] == 4
    assert told["penchant_freshness_seconds_count['other']"] == 4
    assert told["penchant_freshness_seconds_sum['other']"] == 0.3 + 0.3 + 4.0 + 9_999.0


def test_names_are_prometheus_like() -> None:
    """Base units and suffixes: counters end in `_total`, times in `_seconds`, sizes in `_bytes`."""
    for metric in VOCABULARY:
        assert metric.full_name.endswith("_total") is (metric.kind == "counter")
        assert not metric.full_name.endswith(("_ms", "_milliseconds", "_kb", "_s"))
        assert metric.kind != "histogram" or metric.full_name.endswith("_seconds")


def test_each_model_server_is_told_apart() -> None:
    """Its state, its ejections by cause, its limit, its calls and what they cost, and so the cost of an intent."""
    price = Price(per_million_input=2.0)
    client = PooledClient((Pool("own", (Endpoint(url="triton-0:8001", price=price),)),), lambda _: ScriptedModel())
    replica = client.replicas[0]
    replica.counts.answers, replica.counts.input_tokens = 4, 1_000_000
    replica.counts.ejections["speed"] += 1
    instruments = Instruments(Health(60), replicas=lambda: client.replicas)
    instruments.meter.intents = 4
    told = read(instruments)
    where = "'own', 'triton-0:8001'"
    assert told[f"penchant_replica_state['in', {where}]"] == 1
    assert told[f"penchant_replica_state['out', {where}]"] == 0
    assert told["penchant_replica_ejections_total['own', 'speed', 'triton-0:8001']"] == 1
    assert told[f"penchant_replica_calls_total['answered', {where}]"] == 4
    assert told[f"penchant_replica_limit[{where}]"] == replica.limiter.limit.calls
    assert told[f"penchant_replica_cost_total[{where}]"] == 2.0
    assert told["penchant_intent_cost"] == 0.5


def test_arms_are_told_one_by_one() -> None:
    """What became of their calls, how long answers took, and whether their experiment is in force."""
    instruments = Instruments(Health(60))
    active_experiments = ActiveExperiments([Experiment("new-model", (Arm("canary", 1.0),))])
    judge = ExperimentJudge(active_experiments, instruments.outcomes, "w1")
    sync = instruments.sync = FleetSync(MemoryFleet(time.monotonic), judge, SwitchState(), dict, lambda: 0)
    tally = ArmCallCounter(instruments.outcomes, (("new-model", "canary"),))
    tally.note("invalid")
    tally.answered(0.3)
    active_experiments.learn({})
    told = read(instruments)
    assert told["penchant_arm_outcomes_total['canary', 'invalid', 'new-model']"] == 1
    assert told["penchant_arm_outcomes_total['canary', 'failed', 'new-model']"] == 0
    assert told["penchant_arm_answer_seconds_count['canary', 'new-model']"] == 1
    assert told["penchant_experiment_forward['new-model']"] == 1
    assert "penchant_control_age_seconds" not in told
    active_experiments.learn({"new-model": ExperimentDecision(1, "back", "ada", "", 0)})
    sync.read_s = time.monotonic()
    assert read(instruments)["penchant_experiment_forward['new-model']"] == 0
    assert read(instruments)["penchant_control_age_seconds"] < 60
