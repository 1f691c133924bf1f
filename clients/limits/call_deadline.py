"""Call deadline: how long calls are given, and whether one that was late tells of a model that is away. Pure; times are
seconds on one clock.

A slow model is not away: its answers come, later than they were waited for. Fewer calls at once may help (the adaptive
limit sees to that); where there are hardly any, only waiting longer does.
"""

FEW = 2
"""With so many calls at once, or fewer, it is not their number that makes one late."""

MARGIN, MEMORY = 2.0, 0.1
"""Calls are given so many times what answers take; how far one quick answer brings a longer wait back."""


class CallDeadline:
    """As set, `usual_s`, and up to `longest_s` while the model takes longer."""

    def __init__(self, usual_s: float, longest_s: float) -> None:
        self._usual_s, self._longest_s = usual_s, max(usual_s, longest_s)
        self.seconds = usual_s
        self._answered_s = float("-inf")

    def answered(self, now_s: float, took_s: float) -> None:
        """A call was answered after so long. The wait comes back to what is usual when answers are quick again."""
        self._answered_s = now_s
        enough_s = max(self._usual_s, MARGIN * took_s)
        self.seconds += min(enough_s - self.seconds, 0.0) * MEMORY

    def late(self, began_s: float, in_flight: int) -> bool:
        """A call that began then, as one of so many, was not answered in time. Whether the model is only slow: few run
        and the next ones are given longer, or answers have come meanwhile."""
        if in_flight <= FEW and self.seconds < self._longest_s:
            self.seconds = min(self.seconds * 2, self._longest_s)
            return True
        return self._answered_s >= began_s
