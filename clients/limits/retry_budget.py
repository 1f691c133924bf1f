"""Retry budget: how many extra calls, such as retries, are allowed beside the first ones. Pure; times are seconds."""

from collections import deque


class RetryBudget:
    """At most `share` of the calls of the last `window_s` may be extra ones, and `least` in any case.

    When everything fails, everything would be tried again: without a bound, retries turn an overload into an outage.
    """

    def __init__(self, share: float, least: int, window_s: float = 10.0) -> None:
        self._share, self._least = share, least
        self._calls = Recent(window_s)
        self._extras = Recent(window_s)

    def call(self, now_s: float) -> None:
        """A first call is made."""
        self._calls.add(now_s)

    def spend(self, now_s: float) -> bool:
        """Whether an extra call may be made now; it then counts as made."""
        allowed = max(self._share * self._calls.total(now_s), self._least)
        if self._extras.total(now_s) + 1 > allowed:
            return False
        self._extras.add(now_s)
        return True


class Recent:
    """Counts what happened within the window, by the second."""

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._seconds: deque[tuple[float, int]] = deque()
        self._total = 0

    def add(self, now_s: float) -> None:
        """It happened once more."""
        second, self._total = now_s // 1, self._total + 1
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + 1)
        else:
            self._seconds.append((second, 1))

    def total(self, now_s: float) -> int:
        """How often it happened lately."""
        while self._seconds and self._seconds[0][0] <= now_s - self._window_s:
            self._total -= self._seconds.popleft()[1]
        return self._total
