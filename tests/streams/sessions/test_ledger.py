"""The ledger against a model that keeps every offset."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.sessions.ledger import Ledger, Ticket


@dataclass
class NaiveLedger:
    """Every offset with the ticket it waits for, and what was committable at every moment."""

    waiting: dict[int, Ticket] = field(default_factory=dict)
    next_offset: int | None = None
    history: list[tuple[float, int]] = field(default_factory=list)

    def uncovered(self) -> int | None:
        open_offsets = [offset for offset, ticket in self.waiting.items() if ticket.open]
        return min(open_offsets, default=self.next_offset)


Steps = st.lists(
    st.tuples(
        st.sampled_from(["owe", "skip", "settle", "wait", "ask"]),
        st.integers(min_value=1, max_value=5),
        st.integers(min_value=0, max_value=30),
    ),
    max_size=80,
)


@given(steps=Steps, lag_s=st.sampled_from([0.0, 2.0, 7.0]))
def test_it_says_what_a_naive_model_says(steps: list[tuple[str, int, int]], lag_s: float) -> None:
    """Uncovered, span and the lagged commit equal those of a model that remembers everything."""
    ledger, naive = Ledger(lag_s), NaiveLedger()
    offset, now_s = 0, 0.0
    tickets: list[Ticket] = []
    for step, gap, pick in steps:
        if step in ("owe", "skip"):
            offset += gap  # holes, as compaction leaves them
            if step == "owe":
                tickets.append(ledger.owe(offset, object(), now_s))
                naive.waiting[offset] = tickets[-1]
            ledger.received(offset)
            naive.next_offset = offset + 1
        elif step == "settle" and tickets:
            tickets[pick % len(tickets)].settle()
        elif step == "wait":
            now_s += gap
        assert ledger.uncovered() == naive.uncovered()
        if (uncovered := naive.uncovered()) is not None:
            naive.history.append((now_s, uncovered))
            assert ledger.span() == (naive.next_offset or 0) - uncovered
        assert ledger.committable(now_s) == _lagged(naive.history, now_s - lag_s)


def _lagged(history: list[tuple[float, int]], until_s: float) -> int | None:
    """The last value that had been reached by then: the ledger is asked at every step, so it knows them all."""
    return max((value for at_s, value in history if at_s <= until_s), default=None)


def test_offsets_are_owed_in_order() -> None:
    """An offset that was passed already cannot be owed: it may have been committed."""
    ledger = Ledger(0)
    ledger.received(7)
    with pytest.raises(ValueError, match="out of order"):
        ledger.owe(7, None, 0.0)


def test_what_is_covered_waits_for_the_commit_lag() -> None:
    """A settled offset is committed only when the lag has passed."""
    ledger = Ledger(10.0)
    ticket = ledger.owe(4, None, 0.0)
    ledger.received(9)
    assert ledger.committable(0.0) is None
    assert ledger.committable(10.0) == 4
    ticket.settle()
    assert ledger.committable(11.0) == 4
    assert ledger.committable(21.0) == 10


def test_the_lag_ends_when_the_store_was_last_known_to_be_the_same() -> None:
    """While it does not answer it may be failing over, so that time does not count."""
    ledger = Ledger(10.0)
    ledger.owe(4, None, 0.0).settle()
    ledger.received(9)
    assert ledger.committable(0.0, 0.0) is None
    assert ledger.committable(60.0, 9.0) is None
    assert ledger.committable(60.0, 10.0) == 10


def test_holders_are_those_who_are_old_or_hold_much() -> None:
    """Old tickets, and those below an offset, name their holders; settled ones do not."""
    ledger = Ledger(0)
    first, second, third = (ledger.owe(offset, f"h{offset}", float(offset)) for offset in (1, 2, 3))
    ledger.received(3)
    assert ledger.holders(before_s=1.0, below=3) == ["h1", "h2"]
    first.settle()
    assert ledger.holders(before_s=9.0, below=0) == ["h2", "h3"]
    assert ledger.head() is second
    assert third.open


def test_holders_are_bounded() -> None:
    """The oldest first: after an outage there are as many as shoppers."""
    ledger = Ledger(commit_lag_s=0.0)
    for offset in range(10):
        ledger.owe(offset, f"h{offset}", 0.0)
    assert ledger.holders(before_s=1.0, below=0, most=3) == ["h0", "h1", "h2"]
