"""Spending: what must hold of the calls of a whole run. Each finding begins with `calls` or `expired`."""

from collections import Counter
from collections.abc import Callable, Iterator

from clients.calls import Call
from tests.simulation.scale import SKEW_MS, Scale
from tests.simulation.truth import Truth

TOO_SOON_S = 0.02
"""How much earlier than the rules say a call may begin: they reckon from when the one before was taken."""

HEARD_S = 3.0
"""How long after an erasure a worker may still make a call for the session before it; what it forgets then is that
call too, and the next one comes as soon as a new shopper's."""

MOST_ANSWERED = 3
"""How often one session may be answered for once everything is well: again for a write that was lost before."""


class Spending:
    """Told of each call that begins and each that is answered. `quiet` says whether faults are long over."""

    def __init__(
        self,
        truth: Truth,
        scale: Scale,
        now_s: Callable[[], float],
        clock_ms: Callable[[], int],
        quiet: Callable[[], bool],
    ) -> None:
        self._truth, self._scale = truth, scale
        self._now_s, self._clock_ms, self._quiet = now_s, clock_ms, quiet
        self._began_s: dict[tuple[str, str], tuple[str, float]] = {}
        self._last: dict[tuple[str, str], str] = {}
        self._answered: Counter[str] = Counter()
        self._erased_s: dict[str, float] = {}

    def begin(self, call: Call) -> Iterator[str]:
        """A call that nobody can read any more is in vain; one of a shopper comes a while after the last."""
        last_ms = self._truth.prompts.get(call.prompt)
        if last_ms is not None and last_ms + self._scale.intent.ttl_s * 1e3 + SKEW_MS < self._clock_ms():
            yield f"expired: {call.id} of {call.shopper} asks for an intent that nobody could read"
        prompt, began_s = self._began_s.get(_whose(call), ("", 0.0))
        if prompt == call.prompt:
            return
        forgotten = began_s - self._erased_s.get(call.shopper, -HEARD_S) < HEARD_S
        began_s += self._scale.triggers.min_interval_s - TOO_SOON_S
        if not forgotten and self._last.get(_whose(call)) == prompt and self._now_s() < began_s:
            yield f"calls: {call.id} of {call.shopper} begins {began_s - self._now_s():.2f} s too soon after the last"
        self._began_s[_whose(call)] = call.prompt, self._now_s()

    def forget(self, shopper: str) -> None:
        """Erased with all the rest: when the last call of the shopper began."""
        self._erased_s[shopper] = self._now_s()
        self._began_s = {whose: last for whose, last in self._began_s.items() if whose[1] != shopper}

    def answered(self, call: Call) -> Iterator[str]:
        """A call has an intent for an answer."""
        self._last[_whose(call)] = call.prompt
        if self._quiet():
            self._answered[call.prompt] += 1
            if self._answered[call.prompt] > MOST_ANSWERED:
                yield f"calls: the session {call.prompt} of {call.shopper} is answered for again and again"


def _whose(call: Call) -> tuple[str, str]:
    """The epoch and the shopper."""
    return call.id.split("-", 2)[2], call.shopper
