"""Our share of the event topics: epochs, pauses, and what is due."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.assignment import Assignment
from streams.kafka.batches import TP
from tests.fakes.ledger import FakeLedger

ONE, OTHER, PLAIN = TP("events", 0), TP("events", 1), TP("plain", 0)


@dataclass(frozen=True, slots=True)
class Record:
    offset: int


def records(first: int, last: int) -> list[Record]:
    return [Record(offset) for offset in range(first, last + 1)]


def read(share: Assignment, ledger: FakeLedger, tp: TP, first: int, last: int) -> None:
    for batch in share.batches(tp, share.epochs.get(tp), records(first, last)):
        ledger.take(batch)


class TestEpochs:
    def test_rise_and_name_event_partitions_only(self) -> None:
        """Each beginning has a number of its own, above all before; partitions of other topics have none."""
        ledger = FakeLedger()
        share = Assignment({"events"}, ledger)
        share.begin([ONE, OTHER, PLAIN])
        before = dict(share.epochs)
        share.end([ONE, OTHER, PLAIN])
        share.begin([OTHER])
        assert before.keys() == {ONE, OTHER}
        assert share.epochs.keys() == {OTHER}
        assert share.epochs[OTHER] > max(before.values())
        assert [what for what, _, _ in ledger.calls] == ["assigned", "assigned", "revoked", "revoked", "assigned"]

    def test_end_once(self) -> None:
        """What is not ours, or no longer, is not revoked again."""
        ledger = FakeLedger()
        share = Assignment({"events"}, ledger)
        share.begin([ONE])
        share.end([ONE, OTHER])
        share.end([ONE])
        assert [(what, tp) for what, tp, _ in ledger.calls] == [("assigned", ONE), ("revoked", ONE)]

    def test_begin_behind(self) -> None:
        """Nothing is read before the partition went back; going back counts only for the epoch it was begun in."""
        share = Assignment({"events"}, FakeLedger())
        share.begin([ONE, OTHER])
        asked = dict(share.epochs)
        assert not share.readable(ONE)
        assert share.readable(PLAIN)
        share.end([OTHER])
        share.begin([OTHER])
        assert share.arrived(asked) == [ONE]
        assert share.readable(ONE)
        assert not share.readable(OTHER)

    def test_overtaken_fetches_give_nothing(self) -> None:
        """A fetch sent before the epoch began, or after it ended, is dropped: the next one reads it again."""
        share = Assignment({"events"}, FakeLedger())
        share.begin([ONE])
        asked = share.epochs[ONE]
        assert share.batches(ONE, None, records(0, 9)) == []
        share.end([ONE])
        assert share.batches(ONE, asked, records(0, 9)) == []
        share.begin([ONE])
        assert share.batches(ONE, asked, records(0, 9)) == []

    def test_chain_their_batches(self) -> None:
        """Each batch names the last offset before it, holes or not; a new epoch begins a new chain."""
        share = Assignment({"events"}, FakeLedger())
        share.begin([ONE])
        batches = [
            *share.batches(ONE, share.epochs[ONE], records(5, 9)),
            *share.batches(ONE, share.epochs[ONE], records(12, 13)),
        ]
        share.end([ONE])
        share.begin([ONE])
        batches += share.batches(ONE, share.epochs[ONE], records(5, 9))
        assert [batch.after for batch in batches] == [None, 9, None]
        assert batches[0].tp == ONE


class TestPauses:
    def test_last_until_resumed_or_until_their_epoch_ends(self) -> None:
        """Only what is ours can be paused, and a new epoch begins unpaused."""
        share = Assignment({"events"}, FakeLedger())
        share.begin([ONE])
        share.arrived(share.epochs)
        share.pause([ONE, OTHER])
        assert not share.readable(ONE)
        share.resume([ONE])
        assert share.readable(ONE)
        share.pause([ONE])
        share.end([ONE])
        share.begin([ONE, OTHER])
        share.arrived(share.epochs)
        assert share.readable(ONE)
        assert share.readable(OTHER)


class TestDue:
    def test_is_what_the_ledger_says_and_kafka_has_not_confirmed(self) -> None:
        """Confirmed once it is due no more; a ledger with nothing to say has nothing due."""
        ledger = FakeLedger(held={7})
        share = Assignment({"events"}, ledger)
        share.begin([ONE, OTHER])
        read(share, ledger, ONE, 5, 9)
        assert share.due() == {ONE: 7}
        share.confirm({ONE: 7}, share.epochs)
        assert share.due() == {}
        ledger.held.clear()
        assert share.due() == {ONE: 10}

    def test_is_not_confirmed_for_an_epoch_that_began_meanwhile(self) -> None:
        """A late confirmation of an ended epoch says nothing about the next."""
        ledger = FakeLedger()
        share = Assignment({"events"}, ledger)
        share.begin([ONE])
        read(share, ledger, ONE, 0, 9)
        asked, due = dict(share.epochs), share.due()
        share.end([ONE])
        share.begin([ONE])
        share.confirm(due, asked)
        read(share, ledger, ONE, 0, 4)
        assert share.due() == {ONE: 5}


@given(st.lists(st.sampled_from(["begin", "end", "read", "hold", "release", "commit"]), max_size=60))
def test_commits_never_go_back_or_past_what_is_held(steps: list[str]) -> None:
    """Whatever happens in whatever order: within an epoch commits rise, and stay at or below the first held offset."""
    ledger = FakeLedger()
    share = Assignment({"events"}, ledger)
    committed, position, begun = 0, 0, 0
    for step in steps:
        if step == "begin" and ONE not in share.epochs:
            share.begin([ONE])
            begun = position = committed
        elif step == "end":
            share.end([ONE])
        elif step == "read" and ONE in share.epochs:
            read(share, ledger, ONE, position, position + 2)
            position += 3
        elif step == "hold":
            ledger.held.add(position)
        elif step == "release":
            ledger.held.clear()
        elif step == "commit":
            for offset in share.due().values():
                received = ledger.offsets(ONE)
                assert offset > share.confirmed.get(ONE, -1)
                assert begun <= offset <= min([*(ledger.held & set(received)), position])
                share.confirm({ONE: offset}, share.epochs)
                committed = offset
