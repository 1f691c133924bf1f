"""Call ages: which calls in flight wait on their server, by how long nothing has come of them. Pure; times are seconds
on one clock.

Answers tell of waiting when they come, which is late when a server gets slow without refusing anything. A call waits in
its server's line when it is older than calls are at their first token, and nothing has come of any later call: one that
later calls have overtaken hangs, or is long, and stands in no line.
"""

from collections import deque
from dataclasses import dataclass

MEMORY = 0.1
"""How much one answer changes what is usual."""

LATE, PATIENCE = 2.0, 0.25
"""A call is overdue after so many times the usual time to the first token, and this share of a usual call more."""


@dataclass(eq=False, slots=True)
class BegunCall:
    """A call as it began: one of `in_flight`, itself included, after so many `changes` of the limit. `first_s`: how
    long it took until its first token, or its answer, came. `in_line`: it may still wait on the server."""

    began_s: float
    in_flight: int
    changes: int
    first_s: float | None = None
    in_line: bool = False


class CallAges:
    """The calls of one server of which nothing has come, the oldest first."""

    def __init__(self) -> None:
        self._line: deque[BegunCall] = deque()
        self._first_s = self._call_s = 0.0

    @property
    def patience_s(self) -> float | None:
        """The age at which a call is overdue; None before any was answered."""
        return LATE * self._first_s + PATIENCE * self._call_s or None

    def sent(self, begun: BegunCall, now_s: float) -> None:
        """It goes to the server now."""
        begun.began_s, begun.in_line = now_s, True
        self._line.append(begun)

    def first_token(self, begun: BegunCall, now_s: float) -> None:
        """Something came of it: neither it nor any call before it waits in line."""
        if begun.first_s is None:
            begun.first_s = now_s - begun.began_s
        while begun.in_line:
            self._line.popleft().in_line = False

    def answered(self, begun: BegunCall, now_s: float, wait_s: float) -> None:
        """It was answered, and had waited on the server for so long."""
        self.first_token(begun, now_s)
        first_s, call_s = max((begun.first_s or 0.0) - wait_s, 0.0), max(now_s - begun.began_s - wait_s, 0.0)
        memory = MEMORY if self._call_s else 1.0
        self._first_s += memory * (first_s - self._first_s)
        self._call_s += memory * (call_s - self._call_s)

    def ended(self, begun: BegunCall) -> None:
        """It is over, however it ended."""
        if begun.in_line:
            self._line.remove(begun)
            begun.in_line = False

    def overdue(self, now_s: float) -> int:
        """How many calls wait in line for longer than they should."""
        patience_s, waiting = self.patience_s, 0
        if patience_s is None:
            return 0
        for begun in self._line:
            if now_s - begun.began_s <= patience_s:
                break
            waiting += 1
        return waiting
