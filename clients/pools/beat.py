"""Beat: calls to one replica begin together, once in so many seconds, so that its GPU rests in between. Pure.

A GPU that decodes for one shopper is nearly as busy as one that decodes for sixty: the same calls cost it less time,
the more of them run beside each other.
"""

from dataclasses import dataclass

WINDOW_S = 0.1
"""For how long calls may begin at each beat: whoever gives out slots looks for one fifty times a second."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat in `every_s`, 0 for none. A call that waits for it is to end within `budget_s` all the same."""

    every_s: float = 0.0
    budget_s: float = 0.0

    def opens(self, call_s: float | None, now_s: float) -> bool:
        """Whether a call may begin now at a replica where one takes `call_s`; None while nobody knows. `now_s` is of a
        clock that all workers share: they are to begin together too."""
        if not self.every_s or call_s is None or call_s + self.every_s > self.budget_s:
            return True
        return now_s % self.every_s < WINDOW_S

    def held_s(self, waited_s: float) -> float:
        """For how long of it somebody has waited for a slot, and not for the beat."""
        return max(waited_s - self.every_s, 0.0)
