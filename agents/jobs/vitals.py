"""Vitals: what a runner of jobs saw of the fleet at its last look, and whether it is ready and alive. Pure."""

from agents.health.probes import FRESH_S, Judgement
from storage.jobs import Jobs


class RunnerVitals:
    """One runner's, written by its own thread; any thread may ask. Times are seconds on the event loop's clock.

    `jobs` is what stood there at the last look that was answered, `room` the calls that all jobs may have in flight.
    A runner looks once a second: one that has not even tried for `bound_s` stands still.
    """

    def __init__(self, bound_s: float, began_s: float) -> None:
        self._bound_s, self._tried_s = bound_s, began_s
        self._seen_s: float | None = None
        self._away = ""
        self.jobs, self.room, self.ended = Jobs(), 0, 0

    @property
    def known(self) -> bool:
        """Whether anything was seen yet."""
        return self._seen_s is not None

    def tries(self, now_s: float) -> None:
        """It is about to look."""
        self._tried_s = now_s

    def saw(self, jobs: Jobs, room: int, now_s: float) -> None:
        """What a look has shown."""
        self.jobs, self.room, self._seen_s, self._away = jobs, room, now_s, ""

    def missed(self, why: str) -> None:
        """A look was not answered."""
        self._away = why

    def ready(self, now_s: float) -> Judgement:
        """Whether Redis answered it just now."""
        if self._away:
            return Judgement(ok=False, reasons=(f"redis is away: {self._away}",))
        if self._seen_s is None:
            return Judgement(ok=False, reasons=("starting",))
        if now_s - self._seen_s > FRESH_S:
            return Judgement(ok=False, reasons=(f"the last look was {now_s - self._seen_s:.0f} s ago",))
        return Judgement(ok=True)

    def alive(self, now_s: float) -> Judgement:
        """Whether it goes on looking. An outage of Redis never makes it less alive."""
        stood_s = now_s - self._tried_s
        if stood_s > self._bound_s:
            return Judgement(ok=False, reasons=(f"no look for {stood_s:.0f} s",))
        return Judgement(ok=True)
