"""Hourly budget: the tokens of the last hour, by the minute. Pure."""

from collections import deque

MINUTES = 60
_MINUTE_S = 60.0


class HourlyBudget:
    """Tokens that may be spent in any hour; None for as many as there are. Times are seconds of any clock that only
    grows."""

    def __init__(self, tokens: int | None) -> None:
        self._most = tokens
        self._minutes: deque[tuple[int, int]] = deque()  # minute, tokens

    def spend(self, now_s: float, tokens: int) -> None:
        """So many more were spent."""
        minute = int(now_s // _MINUTE_S)
        if self._minutes and self._minutes[-1][0] == minute:
            tokens += self._minutes.pop()[1]
        self._minutes.append((minute, tokens))

    def spent(self, now_s: float) -> int:
        """Those of the last hour, and of the rest of the minute in which it began."""
        begins = int(now_s // _MINUTE_S) - MINUTES
        while self._minutes and self._minutes[0][0] < begins:
            self._minutes.popleft()
        return sum(tokens for _, tokens in self._minutes)

    def wait_s(self, now_s: float) -> float:
        """How long until a token may be spent: 0 while there is room."""
        if self._most is None or self.spent(now_s) < self._most:
            return 0.0
        left = self.spent(now_s) - self._most
        for minute, tokens in self._minutes:
            left -= tokens
            if left < 0:
                return (minute + MINUTES + 1) * _MINUTE_S - now_s
        raise AssertionError("a budget is more than nothing")
