"""Counts: how far the run of a job came, and what its calls came to."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from clients.calls import Completion
from clients.pools.endpoints import Price
from storage.jobs import Progress

LONGEST_WHY = 300
"""Characters."""


@dataclass(slots=True)
class JobCounts:
    """Begins with the progress of earlier runs. `added` is what came since it was last taken."""

    progress: Progress
    price: Price | None = None
    _added: Counter[str] = field(default_factory=Counter)

    def begin(self, now_ms: int) -> None:
        """A new run: what is done is counted anew, what was spent goes on."""
        self.progress = replace(
            self.progress, done=0, failed=0, kept=0, began_ms=now_ms, at_ms=now_ms, waits="", outage=False
        )

    def stop(self, why: str, *, outage: bool) -> None:
        """The run stops before its end."""
        self.progress = replace(self.progress, waits=why[:LONGEST_WHY], outage=outage)

    def of(self, total: int) -> None:
        """There are so many items."""
        self.progress = replace(self.progress, total=total)

    def advance(self, steps: int = 1, *, kept: bool = False, failed: bool = False) -> None:
        """So many more are done: by an earlier run, or without an answer."""
        before = self.progress
        self.progress = replace(
            before, done=before.done + steps, kept=before.kept + steps * kept, failed=before.failed + steps * failed
        )

    def called(self, done: Completion | None, seconds: float) -> None:
        """One more call, without an answer where there is None."""
        given, cached, made = (
            (done.input_tokens or 0, done.cached_tokens or 0, done.output_tokens or 0) if done else (0, 0, 0)
        )
        call_ms, before = round(seconds * 1e3), self.progress
        self.progress = replace(
            before,
            calls=before.calls + 1,
            input_tokens=before.input_tokens + given,
            cached_tokens=before.cached_tokens + cached,
            output_tokens=before.output_tokens + made,
            call_ms=before.call_ms + call_ms,
            cost=None if self.price is None else (before.cost or 0.0) + self.price.of_tokens(given, cached, made),
        )
        what = {
            "calls": 1,
            "failed": int(done is None),
            "input": given,
            "cached": cached,
            "output": made,
            "ms": call_ms,
        }
        self._added.update(what)

    def take(self, now_ms: int) -> Mapping[str, int]:
        """What came since the last time."""
        self.progress = replace(self.progress, at_ms=now_ms)
        added, self._added = self._added, Counter()
        return added

    def give_back(self, added: Mapping[str, int]) -> None:
        """It could not be said."""
        self._added.update(added)
