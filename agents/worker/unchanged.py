"""Unchanged: calls that are left out, since the rules still say what they said when a model was last asked.

What is stored then is the session alone; the intent that can be read is the one before. Some of these calls are made
all the same, to see how often the model would have said something else.
"""

import zlib

from agents.health.statistics import Meter
from agents.worker.asked import Asked, Said
from agents.worker.delivery import Case
from agents.worker.reasoning import Answered
from streams.records.intents import Waits

CHECKED = 50
"""One in so many is called all the same."""


class UnchangedCalls:
    """Leaves calls out for `for_s` seconds after one that was answered, 0 for none; `meter` counts them."""

    def __init__(self, for_s: float, meter: Meter) -> None:
        self._for_s, self._meter = for_s, meter

    def spares(self, case: Case, now_s: float) -> bool:
        """Whether this call is to be left out. It is counted then."""
        spared = self._unchanged(case, now_s) and not _checked(case)
        self._meter.calls_left_out += spared
        return spared

    def note(self, case: Case, answer: Answered, now_s: float) -> None:
        """A model has answered. Where the call could have been left out, this is how good that would have been."""
        if not self._for_s:
            return
        if answer.findings is None:
            case.shopper.asked = None
            return
        intent = case.question.compose(answer, Waits(), 0)
        by_model = Said.by(intent)
        if self._unchanged(case, now_s):
            self.check(case, by_model)
        by_rules = Said.by(case.question.compose(None, Waits(), 0))
        case.shopper.asked = Asked(now_s, intent.window.from_ms, by_rules, by_model)

    def check(self, case: Case, by_model: Said) -> None:
        """What the model says of a session whose call could be left out, beside what can be read of it."""
        if (last := case.shopper.asked) is not None:
            self._meter.left_out_checked += 1
            self._meter.left_out_wrong += not by_model.agrees(last.by_model)

    def _unchanged(self, case: Case, now_s: float) -> bool:
        last = case.shopper.asked
        if not self._for_s or last is None or case.owed.upgrade or now_s >= last.at_s + self._for_s:
            return False
        intent = case.question.compose(None, Waits(), 0)
        return intent.window.from_ms == last.session_from_ms and Said.by(intent).agrees(last.by_rules)


def _checked(case: Case) -> bool:
    place = f"{case.shopper.id} {case.checkpoint.position.offset}"
    return zlib.crc32(place.encode()) % CHECKED == 0
