"""Call time: what calls took of late, and how much quiet that leaves time for. Pure; times are seconds."""

AHEAD, MEMORY = 2.0, 0.1
"""So many calls must fit between the quiet and the target: an event may come during a call, and waits for the next one;
how far one call moves what calls take."""


class CallTime:
    """A moving average over the calls of one worker."""

    def __init__(self) -> None:
        self.took_s: float | None = None  # None before the first one

    def answered(self, took_s: float) -> None:
        """A call was answered after so long."""
        self.took_s = took_s if self.took_s is None else self.took_s + MEMORY * (took_s - self.took_s)

    def quiet_s(self, usual_s: float, target_s: float) -> float:
        """For how long to wait for quiet: less than usual where that would miss the target. A usual wait that misses it
        by itself is meant so."""
        if self.took_s is None or usual_s >= target_s:
            return usual_s
        return max(min(usual_s, target_s - AHEAD * self.took_s), 0.0)
