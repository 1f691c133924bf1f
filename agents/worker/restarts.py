"""Restarts: calls that are begun anew, since an urgent action came just after they had begun.

The shopper's intent would otherwise wait for two calls, the one that runs and the one after it. Where one call is quick
enough and two are not, the one that runs is cancelled, on the server too, and one for all events begins at once.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from agents.health.statistics import Meter
from agents.worker.backlog_rules import BacklogRules
from agents.worker.shoppers import Shopper
from streams.errors import Retry

SHARE, BEGUN, MEMORY = 0.05, 0.3, 0.1
"""At most so many of all calls; only in so large a part of what a call takes; how far one call moves what they take."""


class BegunAnew(Retry):
    """The call was cancelled for one that covers an urgent action, too."""


@dataclass(slots=True)
class Running:
    """A call in its task, since when it runs, and whether it was cancelled here."""

    task: "asyncio.Task[Any] | None"
    began_s: float
    overtaken: bool = False

    def cancel(self) -> bool:
        """Whether it could be cancelled."""
        self.overtaken = self.task is not None and self.task.cancel()
        return self.overtaken

    def ours_alone(self) -> bool:
        """Whether nobody else cancels it. What was asked here is taken back: the task goes on."""
        if not self.overtaken or self.task is None:
            return False
        self.overtaken = False
        return self.task.uncancel() == 0


class Restarts:
    """Knows which calls run, and what they took of late; `meter` counts those that are begun anew."""

    def __init__(self, rules: BacklogRules, meter: Meter) -> None:
        self._rules, self._meter = rules, meter
        self._running: dict[Shopper, Running] = {}
        self._took_s: float | None = None

    @contextmanager
    def watching(self, shopper: Shopper) -> Iterator[None]:
        """Inside, the call of this task may be begun anew: then this raises BegunAnew, and the shopper may be called
        again at once."""
        running = self._running[shopper] = Running(asyncio.current_task(), _now())
        try:
            yield
        except asyncio.CancelledError:
            if not running.ours_alone():
                raise
            shopper.rested_s = _now()
            raise BegunAnew("an urgent action came just after the call had begun") from None
        else:
            took_s = _now() - running.began_s
            self._took_s = took_s if self._took_s is None else self._took_s + MEMORY * (took_s - self._took_s)
        finally:
            running.ours_alone()  # again, unless something else was raised meanwhile
            del self._running[shopper]

    def urgent(self, shopper: Shopper) -> None:
        """An urgent action came while the shopper is served. What is owed is begun anew once: whoever acts urgently
        again and again does not use up the share of all."""
        running, owed = self._running.get(shopper), shopper.running
        if running is None or owed is None or owed.begun_anew:
            return
        few = self._meter.calls_begun_anew + 1 <= SHARE * self._meter.calls
        if few and self._pays(_now() - running.began_s) and running.cancel():
            owed.begun_anew = True
            self._meter.calls_begun_anew += 1

    def _pays(self, ran_s: float) -> bool:
        """Whether one call keeps a target that two would miss, and hardly anything was spent yet."""
        took_s, rules = self._took_s, self._rules
        if took_s is None or ran_s > BEGUN * took_s:
            return False
        targets = (rules.urgent_target_s, rules.freshness_target_s)
        return next((target_s < 2 * took_s - ran_s for target_s in targets if took_s <= target_s), False)


def _now() -> float:
    return asyncio.get_running_loop().time()
