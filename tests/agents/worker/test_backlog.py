"""The backlog: order, conflation, bounds."""

import sys
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.due_classes import LOOK_ENTRIES
from agents.worker.lazy_heap import ENTRIES_PER_OWED, SLACK, SWEPT_PER_STEP
from agents.worker.partition import Partition
from agents.worker.shoppers import Owed, Shopper
from clients.pools.wait_queue import LOOK_AHEAD
from streams.sessions.triggers import TriggerRules

RULES = TriggerRules(debounce_s=1, max_wait_s=3, max_events=5, min_interval_s=2)
TARGETS = BacklogRules(freshness_target_s=5, urgent_target_s=2)


def shopper(name: str = "s") -> Shopper:
    return Shopper(name, Partition(0, 1, 0.0))


def note(backlog: Backlog, who: Shopper, now_s: float, action: str = "view", *, call: bool = True) -> Owed:
    return backlog.note(who, now_s, action=action, call=call, appended_ms=0)


def test_events_of_a_shopper_become_one_call() -> None:
    """A hundred events in a second owe one call."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    for n in range(100):
        note(backlog, who, n / 100)
    assert backlog.next(1.0) is who
    assert backlog.next(9.0) is None
    assert who.running is not None
    assert who.running.events == 100


def test_a_rhythm_takes_the_place_of_the_debounce() -> None:
    """Each event asks anew, and a shorter wait counts at once; the longest wait stays, and so does None."""
    quiet_s: list[float | None] = [2.5]
    backlog, who = Backlog(RULES, TARGETS, lambda _: quiet_s[0]), shopper()
    note(backlog, who, 0.0)
    assert backlog.next(2.0) is None
    quiet_s[0] = 0.0
    note(backlog, who, 2.1)
    assert backlog.next(2.1) is who
    for wait_s, due in ((9.0, 13.0), (None, 11.0)):
        quiet_s[0] = wait_s
        other = shopper("other")
        note(backlog, other, 10.0)
        assert backlog.next(due - 0.1) is None
        assert backlog.next(due) is other


def test_events_of_somebody_late_are_not_filed_each_with_a_rhythm() -> None:
    """As without one: one entry in LATE_STEP_S, however many events ask."""
    backlogs = [Backlog(RULES, TARGETS, rhythm) for rhythm in (None, lambda _: 0.0)]
    for backlog in backlogs:
        who = shopper()
        note(backlog, who, 0.0)
        assert backlog.next(60.0, lambda *_: False) is None
        assert who.late_s is not None
        for n in range(3):
            note(backlog, who, 60.0 + n / 1_000)
    assert backlogs[0].entries == backlogs[1].entries


def test_a_place_goes_to_the_first_whom_it_suits() -> None:
    """Those who are passed over keep their place; when it suits nobody, all are asked about once more."""
    backlog = Backlog(RULES, TARGETS)
    crowd = [shopper(str(number)) for number in range(6)]
    for number, who in enumerate(crowd):
        note(backlog, who, number / 10, "search" if number < 2 else "view")
    assert backlog.next(2.0, lambda who, _: who in crowd[3:]) is crowd[3]
    asked: list[tuple[str, bool]] = []

    def nobody(who: Shopper, again: bool) -> bool:  # noqa: FBT001 # as the backlog asks
        asked.append((who.id, again))
        return False

    assert backlog.next(2.0, nobody) is None
    assert asked == [(name, again) for again in (False, True) for name in "01245"]
    assert backlog.next(2.0, lambda who, again: again and who is crowd[4]) is crowd[4]
    assert [backlog.next(2.0) for _ in range(5)] == [crowd[0], crowd[1], crowd[2], crowd[5], None]


def test_a_look_at_nobody_costs_nothing() -> None:
    """Housekeeping looks many times a second: with nobody owed, no more than a handful of calls are made for it."""
    backlog, calls = Backlog(RULES, TARGETS), 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        looked_at = backlog.quiet(1.0), backlog.wake_s(), backlog.next(1.0)
    finally:
        sys.setprofile(None)
    assert looked_at == ([], None, None)
    assert calls < 50


def test_only_so_many_are_looked_at() -> None:
    """However long the line, a look is short; and the order is what it was."""
    backlog = Backlog(RULES, BacklogRules(freshness_target_s=1e6))
    crowd = [shopper(str(number)) for number in range(3 * LOOK_AHEAD)]
    for number, who in enumerate(crowd):
        note(backlog, who, number / 1e3)
    asked: list[Shopper] = []

    def refuse(who: Shopper, _: bool) -> bool:  # noqa: FBT001
        asked.append(who)
        return False

    assert backlog.next(9.0, refuse) is None
    assert asked == crowd[:LOOK_AHEAD] * 2
    assert [backlog.next(9.0) for _ in crowd] == crowd


def test_at_most_one_call_runs_and_the_next_waits_its_interval() -> None:
    """Events during a call owe one more, which comes `min_interval_s` after the first began."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    note(backlog, who, 0.0, "purchase")
    assert backlog.next(0.0) is who
    note(backlog, who, 0.1, "purchase")
    assert backlog.next(50.0) is None
    backlog.done(who)
    assert backlog.next(1.9) is None
    assert backlog.next(2.0) is who


def test_a_call_that_replaces_an_upgrade_takes_over_its_ticket() -> None:
    """A quiet event since the upgrade was owed holds the commit; it is covered together with the new call."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    backlog.owe(who, Owed(first_s=0, last_s=0, call=True, upgrade=True))
    ticket = note(backlog, who, 1.0, "list_view", call=False).ticket = who.home.ledger.owe(7, who, 1.0)
    owed = note(backlog, who, 2.0)
    assert not owed.upgrade
    assert owed.ticket is ticket


def test_a_bot_costs_no_more_than_a_keen_shopper() -> None:
    """A thousand events a second for a minute cost as many calls as five a second."""

    def calls(events_per_s: int) -> int:
        backlog, who, count = Backlog(RULES, TARGETS), shopper(), 0
        for tick in range(60 * events_per_s):
            now_s = tick / events_per_s
            note(backlog, who, now_s, "cart_add")
            if backlog.next(now_s):
                count += 1
                backlog.done(who)
        return count

    assert calls(1_000) == calls(5)


def test_urgent_first_then_the_earliest_deadline_then_the_newest_of_the_late() -> None:
    """The order that overload makes visible."""
    backlog = Backlog(RULES, TARGETS)
    old, older, urgent, fresh, fresher = (shopper(name) for name in ("old", "older", "urgent", "fresh", "fresher"))
    note(backlog, older, 0.0)
    note(backlog, old, 1.0)
    note(backlog, fresh, 6.0)
    note(backlog, fresher, 6.5)
    note(backlog, urgent, 7.9, "search")
    order = [taken.id for _ in range(5) if (taken := backlog.next(8.0))]
    assert order == ["urgent", "fresh", "fresher", "old", "older"]


def test_somebody_urgent_past_the_target_is_before_all_who_are_not() -> None:
    """Newest first, until the freshness target has passed too: one who rested until then did not leave."""
    backlog = Backlog(RULES, TARGETS)
    urgent, later, left, fresh, late = (shopper(name) for name in ("urgent", "later", "left", "fresh", "late"))
    note(backlog, late, 1.5)
    note(backlog, left, 2.0, "search")
    note(backlog, urgent, 3.5, "search")
    note(backlog, later, 4.0, "search")
    note(backlog, fresh, 6.0)
    now = shopper("now")
    note(backlog, now, 7.5, "search")
    order = [taken.id for _ in range(6) if (taken := backlog.next(8.0))]
    assert order == ["now", "later", "urgent", "fresh", "left", "late"]


def test_who_rests_after_a_call_is_urgent_when_due() -> None:
    """Though the target, counted from the action, has passed by then."""
    backlog, who, fresh = Backlog(RULES, TARGETS), shopper("who"), shopper("fresh")
    note(backlog, who, 0.0, "search")
    assert backlog.next(0.0) is who
    note(backlog, who, 0.01, "search")
    backlog.done(who)
    note(backlog, fresh, 0.1)
    assert backlog.next(2.2) is who
    assert backlog.next(2.2) is fresh


def test_quiet_events_ask_for_parking_only() -> None:
    """Without a meaningful event no call is made, and the session is handed out once."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    note(backlog, who, 0.0, "list_view", call=False)
    assert backlog.next(60.0) is None
    assert backlog.quiet(60.0) == [who]
    assert backlog.quiet(60.0) == []


def test_a_failed_call_is_owed_again_with_what_came_since() -> None:
    """Nothing that a call did not deliver is forgotten, and it waits for its backoff."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    note(backlog, who, 0.0)
    assert backlog.next(1.0) is who
    failed = who.running
    assert failed is not None
    failed.ticket = who.home.ledger.owe(0, who, 0.0)
    note(backlog, who, 1.5).ticket = who.home.ledger.owe(1, who, 1.5)
    failed.attempts, failed.not_before_s = 1, 4.0
    backlog.owe(who, failed)
    assert who.owed is not None
    assert who.owed.events == 2
    assert backlog.next(3.9) is None
    assert backlog.next(4.0) is who
    failed.settle()
    who.home.ledger.received(1)
    assert who.home.ledger.uncovered() == 2


def test_an_upgrade_gives_way_to_new_events() -> None:
    """A shopper who waits for the model to come back is as fresh as anyone once something happens."""
    backlog, who = Backlog(RULES, TARGETS), shopper()
    backlog.owe(who, Owed(first_s=0, last_s=0, call=True, upgrade=True, attempts=5, not_before_s=1_000))
    note(backlog, who, 10.0, "purchase")
    assert backlog.next(10.0) is who


@given(
    st.lists(
        st.tuples(st.sampled_from(["note", "next", "done", "fail", "quiet", "drop"]), st.integers(0, 4), st.booleans()),
        max_size=120,
    )
)
def test_whoever_is_owed_is_served_in_the_end(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever happens, at most one call runs per shopper, and nobody who is owed is forgotten."""
    backlog = Backlog(RULES, TARGETS)
    people = [shopper(f"s{n}") for n in range(5)]
    dropped: set[str] = set()
    now_s = 0.0
    for step, index, flag in steps:
        now_s += 0.4
        who = people[index]
        if who.id in dropped:
            continue
        if step == "note":
            note(backlog, who, now_s, "search" if flag else "view", call=flag or index > 1)
        elif step == "next":
            taken = backlog.next(now_s)
            assert taken is None or (taken.running is not None and taken.id not in dropped)
        elif step == "quiet":
            for quiet in backlog.quiet(now_s):
                backlog.take(quiet)
                backlog.done(quiet)
        elif step == "drop":
            backlog.drop(who)
            dropped.add(who.id)
        elif who.running is not None:
            backlog.done(who) if step == "done" else backlog.owe(who, who.running)
    _serve_all(backlog, people, dropped, now_s)
    assert all(who.clean for who in people if who.id not in dropped)


def _serve_all(backlog: Backlog, people: list[Shopper], dropped: set[str], now_s: float) -> None:
    for _ in range(40):
        now_s += 10
        for who in people:
            if who.running is not None and who.id not in dropped:
                backlog.done(who)
        for quiet in backlog.quiet(now_s):
            backlog.take(quiet)
            backlog.done(quiet)
        backlog.next(now_s)


@given(st.lists(st.tuples(st.sampled_from(["note", "next", "done", "owe", "drop"]), st.integers(0, 3)), max_size=60))
def test_its_length_is_how_many_are_owed(steps: list[tuple[str, int]]) -> None:
    """Whatever happens, it counts those of the shoppers who are owed something that does not run."""
    backlog, shoppers = Backlog(RULES, TARGETS), [shopper(f"s{n}") for n in range(4)]
    for at, (step, number) in enumerate(steps):
        who, now_s = shoppers[number], at * 0.7
        match step:
            case "note":
                note(backlog, who, now_s)
            case "next":
                backlog.next(now_s)
            case "done" if who.running:
                backlog.done(who)
            case "owe" if who.running:
                backlog.owe(who, who.running)
            case "drop":
                backlog.drop(who)
                shoppers[number] = shopper(who.id)
        assert len(backlog) == sum(each.owed is not None for each in shoppers)


def bounded(backlog: Backlog) -> bool:
    """Whether its heaps keep their bound."""
    return backlog.entries <= ENTRIES_PER_OWED * len(backlog) + SLACK


@settings(max_examples=12)
@given(
    st.integers(1, 120),
    st.lists(st.sampled_from(["note", "pass", "next", "park", "drop", "urgent", "quiet"]), min_size=1, max_size=8),
    st.sampled_from([0.01, 1.1, 6.0]),
)
def test_its_entries_are_bounded_by_who_is_owed(people: int, steps: list[str], tick_s: float) -> None:
    """Whatever happens how often, there are at most so many entries for each shopper who is owed."""
    assert keeps_its_bound(Backlog(RULES, TARGETS), people, steps, tick_s)


class Hoarding(Backlog):
    """Keeps the void entries of its heaps."""

    def _void(self, shopper: Shopper) -> None:
        shopper.place += 1


def test_a_backlog_that_keeps_void_entries_breaks_that_bound() -> None:
    """While nobody is called and events come, its heaps grow for as long as that lasts."""
    assert not keeps_its_bound(Hoarding(RULES, TARGETS), 120, ["note", "note", "pass"], 1.1)


def keeps_its_bound(backlog: Backlog, people: int, steps: Sequence[str], tick_s: float) -> bool:
    """Whether it does so after each of many steps, taken by turns."""
    crowd = [shopper(f"s{n}") for n in range(people)]
    for at in range(1_500):
        who, now_s, step = crowd[at % people], at * tick_s, steps[at % len(steps)]
        if step in ("note", "urgent", "quiet"):
            note(backlog, who, now_s, "search" if step == "urgent" else "view", call=step != "quiet")
        elif step == "pass":
            backlog.next(now_s, lambda *_: False)
        elif step == "next" and (taken := backlog.next(now_s)):
            backlog.done(taken)
        elif step == "park" and who.owed is not None:
            backlog.owe(who, backlog.take(who))
        elif step == "drop":
            backlog.drop(who)
        if not bounded(backlog):
            return False
    return True


def crowded(partitions: int, each: int) -> tuple[Backlog, list[Partition]]:
    """A backlog whose shoppers are all late."""
    backlog, homes = Backlog(RULES, TARGETS), [Partition(n, 1, 0.0) for n in range(partitions)]
    for home in homes:
        for n in range(each):
            who = home.shoppers[f"s{n}"] = Shopper(f"s{n}", home)
            note(backlog, who, 0.0)
    while backlog.next(100.0, lambda *_: False) is None and backlog.unfinished:
        pass
    return backlog, homes


def test_a_look_goes_through_so_many_entries_and_the_next_one_goes_on() -> None:
    """When thousands of shoppers become late at once, or their entries void, no single look takes them all."""
    backlog, homes = crowded(2, LOOK_ENTRIES)
    backlog.drop_partition(homes[1])
    homes[1].end()
    looks = served = 0
    while len(backlog):
        before = backlog.entries
        taken = backlog.next(200.0)
        assert before - backlog.entries <= LOOK_ENTRIES + SWEPT_PER_STEP
        assert taken is not None or backlog.unfinished
        looks, served = looks + 1, served + (taken is not None)
    assert served == LOOK_ENTRIES
    assert looks <= served + 3


def test_revoking_partitions_touches_no_entry_and_compacting_frees_them_in_slices() -> None:
    """Once for sixty partitions, and never more than a slice in one go."""
    backlog, homes = crowded(60, 50)
    before = backlog.entries
    for home in homes[1:]:
        backlog.drop_partition(home)
        home.end()
    assert (backlog.entries, len(backlog)) == (before, 50)
    slices = 0
    while backlog.compact(100):
        assert before - backlog.entries <= 100
        before, slices = backlog.entries, slices + 1
    assert backlog.entries == 50
    assert slices <= 31
