"""Why: the age of an intent in parts, and the one sentence that says whose turn it is."""

import re

import pytest

from agents.fleet.switches import Name, Switches, SwitchValue
from penchant.operations.inspection.stalest import judge
from penchant.operations.inspection.why import IntentStatus, Later, largest, parts, verdict
from streams.records.intents import Intent, Waits
from streams.sessions.positions import Position
from tests.storage.sides import intent as plain

AT = Position(0, 7, 0)
NOW_MS = 20_000


def intent(source: str = "model") -> Intent:
    """As of 9 s, written 3 s later: 1.8 s of that in the backlog, half a second nobody knows where."""
    waits = Waits(debounce_ms=500, backlog_ms=1_800, decode_ms=200)
    return plain("ada", AT, source="rules" if source == "rules" else "model").model_copy(
        update={"written_at_ms": 12_000, "waits": waits}
    )


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
    ],
)
def test_one_sentence_says_whose_turn_it_is(decision: IntentStatus, said: str) -> None:
    """The shopper's, a worker's, or the model's."""
    assert re.search(said, verdict(intent(), decision, NOW_MS))


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
    doc = intent().model_dump_json().encode()
    waits = judge("ada", doc, True, Position(0, 9, 0), NOW_MS)  # noqa: FBT003 # as stored
    made = judge("ada", doc, False, AT, NOW_MS)  # noqa: FBT003 # as stored
    assert (waits.late_ms, made.late_ms) == (11_000, 3_000)
    assert made.reason == "backlog 1,800 ms"
