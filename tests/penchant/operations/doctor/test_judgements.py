"""What doctor says of settings, Redis and topics: each fault is found, and what is well is no fault."""

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.operations.doctor import redis, topics
from penchant.operations.doctor.findings import ERROR, INFO, STATUS, WARNING, Finding, Severity, worst
from penchant.operations.doctor.relations import relations
from penchant.settings.root import Settings
from streams.events.event import ShopperEvent

GIB = 2**30
WELL = {
    "redis_version": "7.4.1",
    "role": "master",
    "used_memory": 10,
    "used_memory_human": "10B",
    "maxmemory": 1_000,
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
}


def test_the_defaults_fit_each_other() -> None:
    """Nothing worse than a word on the health port."""
    assert worst(relations(Settings(), 64 * GIB)) == INFO


@pytest.mark.parametrize(
    ("changed", "severity", "told"),
    [
        ({"dead_letters": {"window_s": 120}}, ERROR, "dead_letters.window_s"),
        ({"backlog": {"park_after_s": 500}}, ERROR, "backlog.park_after_s"),
        ({"backlog": {"park_after_s": 40}}, ERROR, "160 s while ingest is behind"),
        ({"kafka": {"dead_letter_topic": "shopper-events"}}, ERROR, "the same"),
        ({"triggers": {"max_wait_s": 5}}, WARNING, "backlog.freshness_target_s"),
        ({"intent": {"ttl_s": 60}}, WARNING, "intent.ttl_s"),
        ({"commit": {"lag_s": 0}}, WARNING, "commit.lag_s"),
        ({"triggers": {"max_events": 61}}, WARNING, "session.high_rows"),
        ({"redis": {"url": "redis://:secret@cache:6379/0"}}, WARNING, "unencrypted"),
        ({"model": {"url": "http://gpu:8000/v1", "api_key": "secret"}}, WARNING, "unencrypted"),
        ({"backlog": {"max_bytes": 60 * GIB}}, WARNING, "backlog.max_bytes"),
        ({"intent": {"ttl_s": 40 * 86_400}}, WARNING, "intent.ttl_s is 40 days"),
        ({"traces": {"url": "http://collector:4318/v1/traces", "prompt_text": True}}, WARNING, "personal data"),
        ({"triggers": {"overtaken": 0.5}}, WARNING, "triggers.overtaken does nothing"),
        ({"learning": {"predictor": __file__}}, WARNING, "learning.predictor does nothing"),
        (
            {"kafka": {"impressions_topic": "t", "impressions_group": "g"}, "lift": {"shown_within_s": 3_600}},
            WARNING,
            "lift.shown_within_s (3600 s) is above session.gap_s",
        ),
    ],
)
def test_settings_that_do_not_fit_are_named(changed: dict[str, Any], severity: Severity, told: str) -> None:
    """With a remedy, and without a secret."""
    found = [each for each in relations(Settings.model_validate(changed), 64 * GIB) if each.severity == severity]
    assert [told in each.found for each in found] == [True]
    assert found[0].remedy
    assert "secret" not in found[0].found


def test_a_redis_that_is_well() -> None:
    """Has nothing worse than information."""
    assert severity(redis.judge(WELL, "everysec", 10.0)) == INFO


@pytest.mark.parametrize(
    ("changed", "fsync", "expected", "told"),
    [
        ({"redis_version": "5.0.7"}, "everysec", WARNING, "5.0.7"),
        ({"maxmemory_policy": "allkeys-lru"}, "everysec", ERROR, "maxmemory-policy"),
        ({"used_memory": 900}, "everysec", WARNING, "90%"),
        ({"evicted_keys": 7}, "everysec", WARNING, "7 keys"),
        ({"aof_enabled": 0}, "everysec", WARNING, "appendonly is off"),
        ({}, "no", WARNING, "appendfsync is no"),
        ({"aof_last_write_status": "err"}, "everysec", ERROR, "aof_last_write_status"),
        ({"role": "slave"}, "everysec", ERROR, "replica"),
        ({"slave0": {"ip": "10.0.0.2", "port": 6379, "lag": 12}}, "everysec", WARNING, "12 s behind"),
    ],
)
def test_a_redis_that_may_lose_checkpoints(changed: dict[str, Any], fsync: str, expected: int, told: str) -> None:
    """Eviction, persistence, replicas and versions are judged, the last two against commit.lag_s."""
    found = list(redis.judge(WELL | changed, fsync, 10.0))
    assert severity(found) == expected
    assert any(told in words and remedy for level, words, remedy in found if level == expected)


def test_everysec_needs_a_commit_lag() -> None:
    """What fsync may lose must be read again."""
    assert severity(redis.judge(WELL, "everysec", 1.0)) == ERROR
    assert severity(redis.judge(WELL, "always", 1.0)) == INFO


def test_clusters() -> None:
    """All slots must be served, and the settings must say that it is one."""
    well = b"cluster_state:ok\r\ncluster_slots_ok:16384\r\ncluster_size:3\r\n"
    assert severity(redis.judge_cluster(well, told=True)) == INFO
    assert severity(redis.judge_cluster(well, told=False)) == ERROR
    assert severity(redis.judge_cluster(well.replace(b"16384", b"10923"), told=True)) == ERROR


def test_clocks() -> None:
    """In both directions."""
    assert [severity(redis.judge_clock(skew_ms)) for skew_ms in (-2_000, -10, 10, 2_000)] == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, INFO),
        ({"retention.ms": "604800000"}, INFO),
        ({"retention.ms": "-1"}, WARNING),
        ({"retention.ms": str(31 * 86_400_000)}, WARNING),
        ({"retention.ms": "43200000"}, WARNING),
        ({"retention.ms": "600000"}, ERROR),
        ({"cleanup.policy": "compact,delete"}, ERROR),
        ({"retention.bytes": "1000000"}, WARNING),
        ({"compression.type": "zstd"}, INFO),
        ({"compression.type": "brotli"}, ERROR),
    ],
)
def test_retention_is_judged_against_what_must_be_read_again(config: dict[str, str] | None, expected: int) -> None:
    """A session and the commit lag are the least; an intent's life is what can be rebuilt; privacy.max_days is the
    most. Its codec must be one that is read here."""
    assert severity(topics.judge_config(config, Settings())) == expected


@pytest.mark.parametrize(
    ("config", "days", "expected"),
    [
        ({"retention.ms": str(30 * 86_400_000)}, 30, 0),
        ({"retention.ms": str(30 * 86_400_000)}, 29, 1),
        ({"retention.ms": "-1"}, 3650, 1),
        ({"retention.ms": "-1", "cleanup.policy": "compact"}, 30, 0),
        ({"retention.ms": "-1", "cleanup.policy": "compact,delete"}, 30, 1),
        ({}, 30, 0),
    ],
)
def test_what_is_kept_too_long_is_named(config: dict[str, str], days: float, expected: int) -> None:
    """For ever is too long; a compacted topic keeps by design, and a broker that tells nothing is not judged."""
    told = list(topics.judge_kept(config, days))
    assert len(told) == expected
    assert all("privacy.max_days" in found for _, found, _ in told)


def test_partitions_and_replicas() -> None:
    """One partition, one that is hot, one replica, and one that is not in sync."""
    assert severity(topics.judge_partitions([500, 510, 490])) == INFO
    assert severity(topics.judge_partitions([500])) == WARNING
    assert severity(topics.judge_partitions([5_000, 10, 10])) == WARNING
    assert severity(topics.judge_replicas([3, 3], [3, 3])) == INFO
    assert severity(topics.judge_replicas([3, 3], [3, 2])) == WARNING
    assert severity(topics.judge_replicas([1], [1])) == WARNING


def test_a_sample_shows_hot_keys_and_wrong_clocks() -> None:
    """Of keys as of times, a few odd ones are no fault."""
    now_ms = 1_700_000_000_000
    even = {0: [record(b"%d" % number, now_ms) for number in range(100)]}
    assert severity(topics.judge_sample(even, [(now_ms, event(now_ms))], 1, 60.0, now_ms)) == INFO
    assert severity(topics.judge_sample({0: []}, [], 0, 60.0, now_ms)) == INFO
    assert severity(topics.judge_sample({0: []}, [], 7, 60.0, now_ms)) == WARNING
    hot = {0: [record(b"bot", now_ms)] * 40 + even[0][:60]}
    assert severity(topics.judge_sample(hot, [], 1, 60.0, now_ms)) == WARNING
    assert severity(topics.judge_sample(even, [], 1, 60.0, now_ms - 5_000)) == WARNING
    assert severity(topics.judge_sample(even, [(now_ms, event(now_ms + 90_000))], 1, 60.0, now_ms)) == WARNING


def test_the_status_is_that_of_the_worst() -> None:
    """0 for none, and for information alone."""
    findings = [Finding("x", level, "y") for level in (INFO, WARNING, ERROR)]
    assert [STATUS[worst(findings[:number])] for number in range(4)] == [0, 0, 3, 1]


def severity(told: Iterable[tuple[Severity, str, str]]) -> int:
    """Of the worst; whatever is worse than information has a remedy."""
    told = list(told)
    assert all(remedy for level, _, remedy in told if level > INFO)
    return max(level for level, _, _ in told)


def record(key: bytes, time_ms: int) -> Any:
    return SimpleNamespace(key=key, timestamp=time_ms)


def event(time_ms: int) -> ShopperEvent:
    return ShopperEvent("e", "ada", "view", time_ms)


def test_retention_that_has_passed_the_group_is_told_by_partition() -> None:
    """With the range that nobody read; a partition whose offsets are still there is none of it."""
    told = list(topics.judge_committed({0: 10, 1: 400, 2: 7}, {0: 250, 1: 300, 2: 7}))
    assert [(severity, found) for severity, found, _ in told] == [
        (WARNING, "partition 0: offsets 10 to 249 were deleted before they were read")
    ]
