"""Ledger: which offsets of a partition are covered, and so what may be committed. Pure; one ledger an assignment epoch.

Work that is owed holds a ticket on its first uncovered offset. Offsets arrive in order and so do tickets, hence a queue
is enough: owing and settling cost O(1) amortised, whatever order settling comes in. News from an earlier epoch settles
tickets of an earlier ledger, which nobody asks any more.
"""

from collections import deque

from streams.section import SecondsOrZero, section


@section
class CommitRules:
    """When an offset may be committed."""

    lag_s: SecondsOrZero = 10.0
    """Offsets are committed this much later than covered: longer than Redis's fsync and failover loss window."""


class Ticket:
    """Holds the commit of a partition at `offset` until it is settled. `since_s` is when the offset arrived."""

    __slots__ = ("holder", "offset", "open", "since_s")

    def __init__(self, offset: int, holder: object, since_s: float) -> None:
        self.offset, self.holder, self.since_s = offset, holder, since_s
        self.open = True

    def settle(self) -> None:
        """What stands at this offset, and whatever its holder owed after it, is covered."""
        self.open = False


class Ledger:
    """The offsets of one partition in one epoch. Times are seconds on any clock that never goes back.

    A Redis acknowledgement is not durable at once, so `committable` is what was covered `commit_lag_s` before the store
    was last known to be the one that acknowledged it.
    """

    __slots__ = ("_lag_s", "_samples", "_tickets", "next_offset")

    def __init__(self, commit_lag_s: float) -> None:
        self.next_offset: int | None = None
        self._lag_s = commit_lag_s
        self._tickets: deque[Ticket] = deque()
        self._samples: deque[tuple[float, int]] = deque()

    def owe(self, offset: int, holder: object, now_s: float) -> Ticket:
        """Hold the commit at `offset`, which must be above every offset owed or received so far."""
        if offset < (self.next_offset or 0) or (self._tickets and offset <= self._tickets[-1].offset):
            message = f"offset {offset} is owed out of order"
            raise ValueError(message)
        ticket = Ticket(offset, holder, now_s)
        self._tickets.append(ticket)
        return ticket

    def received(self, offset: int) -> None:
        """Every record up to and including `offset` is now owed, settled, or needs nothing."""
        self.next_offset = offset + 1

    def head(self) -> Ticket | None:
        """The ticket that holds the commit, if any does."""
        while self._tickets and not self._tickets[0].open:
            self._tickets.popleft()
        return self._tickets[0] if self._tickets else None

    def holders(self, *, before_s: float, below: int, most: int = 1_000_000) -> list[object]:
        """Whose open tickets came before a time or stand below an offset, oldest first, `most` of them."""
        self.head()
        found: list[object] = []
        for ticket in self._tickets:
            if (ticket.since_s > before_s and ticket.offset >= below) or len(found) >= most:
                break
            if ticket.open:
                found.append(ticket.holder)
        return found

    def uncovered(self) -> int | None:
        """The first offset that is not covered; None before anything was received."""
        head = self.head()
        return head.offset if head else self.next_offset

    def span(self) -> int:
        """How many offsets lie between the first uncovered one and the last received one."""
        uncovered = self.uncovered()
        return (self.next_offset or 0) - uncovered if uncovered is not None else 0

    def committable(self, now_s: float, alive_s: float | None = None) -> int | None:
        """The offset to commit, that is, the first one to read after a restart; None when there is nothing to say.

        `alive_s` is when the store was last known to have lost nothing (None: now). While it does not answer it may be
        failing over, and what it acknowledged before is as uncertain as when it went away, however long that is.
        """
        uncovered = self.uncovered()
        safe_s = (now_s if alive_s is None else alive_s) - self._lag_s
        samples = self._samples
        if uncovered is not None and (not samples or samples[-1][1] != uncovered):
            samples.append((now_s, uncovered))
        while len(samples) > 1 and samples[1][0] <= safe_s:
            samples.popleft()
        return samples[0][1] if samples and samples[0][0] <= safe_s else None
