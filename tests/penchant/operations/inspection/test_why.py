"""Why: the age of an intent in parts, and the one sentence that says whose turn it is."""

import math
import re

import pytest
from msgspec import structs

from agents.fleet.switches import Name, Switches, SwitchValue
from penchant.operations.inspection.shopper_report import holder
from penchant.operations.inspection.stalest import judge
from penchant.operations.inspection.why import Holder, IntentStatus, Later, largest, parts, verdict
from storage.fleet import Heartbeat
from streams.records.intents import Intent, Waits
from streams.sessions.positions import Position
from tests.storage.sides import intent as plain

AT = Position(0, 7, 0)
NOW_MS = 20_000


def intent(source: str = "model") -> Intent:
    """As of 9 s, written 3 s later: 1.8 s of that in the backlog, half a second nobody knows where."""
    waits = Waits(debounce_ms=500, backlog_ms=1_800, decode_ms=200)
    made = plain("ada", AT, source="rules" if source == "rules" else "model")
    return structs.replace(made, written_at_ms=12_000, waits=waits)


def test_the_parts_sum_to_the_age() -> None:
    """What no stamp explains is the way from the shop to the worker."""
    found = dict(parts(intent(), NOW_MS))
    assert found["reading"] == 500
    assert found["since"] == 8_000
    assert sum(found.values()) == NOW_MS - intent().as_of_ms


def test_the_largest_part_is_named() -> None:
    """Of all, and of those until it was written."""
    assert largest(parts(intent(), NOW_MS)).name == "since"
    assert largest(parts(intent(), NOW_MS), made=True).name == "backlog"


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (IntentStatus(AT), "nothing has come since: .* backlog, 1800 ms"),
        (IntentStatus(AT, later=Later(3, 900, 18_500)), "3 later events .* since 1.5 s: a worker is behind"),
        (IntentStatus(Position(0, 9, 0), owed=True), "a call is owed: the model is behind or away"),
        (IntentStatus(Position(0, 9, 0)), "none of which asks for a call"),
        (IntentStatus(Position(0, 9, 0), asks=9), r"their call was left out: .* \(calls.unchanged_for_s\)"),
    ],
)
def test_one_sentence_says_whose_turn_it_is(decision: IntentStatus, said: str) -> None:
    """The shopper's, a worker's, or the model's."""
    assert re.search(said, verdict(intent(), decision, NOW_MS))


@pytest.mark.parametrize(
    ("holder", "said"),
    [
        (Holder("w2", 12.4), "its partition went to w2 12 s ago (a rebalance)"),
        (Holder("w2", 600.0), "a worker is behind"),
        (Holder(), "no worker has its partition"),
        (None, "a worker is behind"),
    ],
)
def test_a_rebalance_is_named(holder: Holder | None, said: str) -> None:
    """While it explains the wait, of events and of a call; not for ever, and not where workers do not say."""
    assert said in verdict(intent(), IntentStatus(AT, later=Later(3, 900, 18_500), holder=holder), NOW_MS)
    owed = verdict(intent(), IntentStatus(Position(0, 9, 0), owed=True, holder=holder), NOW_MS)
    assert said in owed or "the model is behind or away" in owed


def test_who_holds_a_partition() -> None:
    """By the heartbeats, whose age is added; of workers of before it is not known since when."""
    beats = {
        "w1": Heartbeat(b'{"partitions": [0, 3], "held_s": {"0": 90.0, "3": 91.0}}', 500),
        "w2": Heartbeat(b'{"partitions": [3], "held_s": {"3": 2.0}}', 500),
        "old": Heartbeat(b'{"partitions": [5]}', 500),
    }
    assert holder(beats, 3) == Holder("w2", 2.5)
    assert holder(beats, 4) == Holder()
    assert holder(beats, 5) == Holder("old", math.inf)


def test_rules_that_stand_in_are_told_from_a_model() -> None:
    """The model's intent is still to come."""
    assert "the rules stand in" in verdict(intent("rules"), IntentStatus(AT, owed=True), NOW_MS)


def thrown(name: Name, value: str = "on") -> Switches:
    return Switches({name: SwitchValue(value, "ada@desk", 1, "a drill")})


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (IntentStatus(AT, later=Later(3, 900, 1), switches=thrown("pause")), "reading is paused by ada@desk: a drill"),
        (IntentStatus(AT, later=Later(3, 9, 1), switches=thrown("freeze_writes")), "writes are frozen by ada@desk"),
        (IntentStatus(Position(0, 9, 0), owed=True, switches=thrown("rules_only")), "no model is called by ada@desk"),
        (
            IntentStatus(Position(0, 9, 0), owed=True, switches=thrown("calls_per_second", "5")),
            "makes 5 calls a second",
        ),
        (IntentStatus(AT, withheld="new-model/nothing"), "in the holdout new-model/nothing"),
        (IntentStatus(AT, opted_out=True), "opted out"),
        (IntentStatus(AT, switches=thrown("share_replay", "0")), "nothing has come since"),
    ],
)
def test_what_operators_decided_is_named_first(decision: IntentStatus, said: str) -> None:
    """Before a worker or a model is blamed that only does as it was told."""
    assert said in verdict(intent(), decision, NOW_MS)


def test_erased_is_said_only_of_whoever_was() -> None:
    """With the time at which that was asked for."""
    assert "erased (asked for at 1970-01-01T00:00:09+00:00)" in verdict(None, IntentStatus(None, erased_ms=9_000), 0)
    assert "erased" not in verdict(None, IntentStatus(None), 0)


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        (IntentStatus(None), "nothing is known"),
        (IntentStatus(AT, owed=True), "first intent is owed"),
        (IntentStatus(AT), "expired"),
        (IntentStatus(AT, later=Later(2, 10, 1)), "a worker is behind"),
    ],
)
def test_no_intent_has_a_reason_too(decision: IntentStatus, said: str) -> None:
    """Never seen, not yet made, or gone."""
    assert said in verdict(None, decision, NOW_MS)


def test_an_intent_that_newer_events_wait_for_is_later_than_a_slow_one() -> None:
    """Its age counts up to now; of one that is up to date only its making does."""
    doc = intent().dump()
    waits = judge("ada", doc, True, Position(0, 9, 0), NOW_MS)  # noqa: FBT003 # as stored
    made = judge("ada", doc, False, AT, NOW_MS)  # noqa: FBT003 # as stored
    assert (waits.late_ms, made.late_ms) == (11_000, 3_000)
    assert made.reason == "backlog 1,800 ms"
