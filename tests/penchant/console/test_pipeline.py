"""The sentence of blame: each cause by its name, and people's switches before what fails, that before what is slow."""

from typing import Any

import pytest

from agents.fleet.switches import Name
from penchant.console.history import Point
from penchant.console.pipeline import blame, states
from tests.penchant.console.looks import AT_MS, samples, snapshot, thrown, worker

TARGET_S = 5.0
LATE = {"w1": worker(freshness_p95_ms=9_000.0)}


def busy(**values: object) -> dict[str, Any]:
    """A worker whose intents are late."""
    return {"w1": worker(freshness_p95_ms=9_000.0, **values)}


@pytest.mark.parametrize(
    ("switch", "part", "words"),
    [
        ("freeze_writes", "redis", "Intents are not written, since the switch freeze-writes."),
        ("pause", "kafka", "Events are not read, since the switch pause."),
        ("rules_only", "models", "The rules make all intents, since the switch rules-only."),
    ],
)
def test_a_switch_is_named_with_who_threw_it(switch: Name, part: str, words: str) -> None:
    """And how to put it back, also while servers are away and intents late."""
    away = {"w1": worker(away={"kafka": "no broker"}, freshness_p95_ms=9_000.0)}
    cause = blame(snapshot(away, {switch: thrown()}), TARGET_S)
    assert (cause.part, cause.answer) == (part, words)
    assert "ada@desk" in cause.reason
    assert "4 min ago" in cause.reason
    assert f"penchant control clear {switch.replace('_', '-')}" in cause.reason


@pytest.mark.parametrize(
    ("server", "part", "words"),
    [("kafka", "kafka", "Kafka is away"), ("model", "models", "The model is away"), ("redis", "redis", "reach Redis")],
)
def test_a_server_that_is_away_is_named(server: str, part: str, words: str) -> None:
    """With how many workers say so, and what they say."""
    workers = {"w1": worker(away={server: "refused"}), "w2": worker()}
    cause = blame(snapshot(workers), TARGET_S)
    assert (cause.part, cause.state) == (part, "bad")
    assert words in cause.answer
    assert cause.reason == "1 of 2 workers say so: refused"
    assert states(snapshot(workers), TARGET_S) == {part: "bad"}


def test_a_redis_that_does_not_answer_is_named_first() -> None:
    """What is known of the workers is old then."""
    cause = blame(snapshot(LATE, {"pause": thrown()}, away="Redis: ConnectionError"), TARGET_S)
    assert (cause.part, cause.reason) == ("redis", "Redis: ConnectionError")


def test_without_workers_nobody_makes_intents() -> None:
    """And how to start one."""
    assert "penchant worker" in blame(snapshot({}), TARGET_S).reason


@pytest.mark.parametrize(
    ("values", "part", "words"),
    [
        ({"in_flight": 10, "owed": 90}, "models", "The models are full: 10 of 10 slots, and 90 shoppers wait."),
        ({"lag": 50_000}, "sessions", "50,000 events stand unread"),
        ({"owed": 90}, "backlog", "90 shoppers wait for a call; the models have free slots."),
    ],
)
def test_who_holds_the_others_up(values: dict[str, object], part: str, words: str) -> None:
    """When intents are later than the target."""
    cause = blame(snapshot(busy(**values)), TARGET_S)
    assert (cause.part, cause.state) == (part, "slow")
    assert "95 % are readable within 9.0 s, and the target is 5 s." in cause.answer
    assert words in cause.reason


def test_full_slots_blame_nobody_while_intents_are_fresh() -> None:
    """A model that is busy and in time is well used."""
    seen = snapshot({"w1": worker(in_flight=10, owed=3)})
    assert blame(seen, TARGET_S).state == "fresh"
    assert states(seen, TARGET_S) == {}


def test_a_replica_that_is_out_is_shown_though_intents_are_fresh() -> None:
    """In the picture, not in the sentence."""
    seen = snapshot(pages={"w1": samples(is_in=0, is_out=1)}, points=[Point(AT_MS, 1.0, 2.0, 3.0, intents_per_s=5.0)])
    assert blame(seen, TARGET_S).answer == "Intents are fresh: 95 % are readable within 2.0 s."
    assert states(seen, TARGET_S) == {"models": "slow"}


def test_quiet_is_no_fault() -> None:
    """No intent was written lately, and nobody waits."""
    assert blame(snapshot({"w1": worker(freshness_p95_ms=None)}), TARGET_S).answer == "All is quiet. No shopper waits."
