"""Left out: calls that are not made, each checked: in virtual time it is known what the model would have said."""

import math

from agents.worker.asked import Said
from agents.worker.delivery import Case
from agents.worker.unchanged import UnchangedCalls
from clients.calls import Completion
from sandbox.gpu.simulated_model import answer
from streams.records.intents import Waits


class AllChecked(UnchangedCalls):
    """A worker checks one of these calls in fifty. On a small recording that is one or two, and chance."""

    def spares(self, case: Case, now_s: float) -> bool:
        """As a worker does."""
        spared = super().spares(case, now_s)
        if spared:
            said = Completion(answer(case.question.call(math.inf).prompt), model="simulated", endpoint="")
            self.check(case, Said.by(case.question.compose(case.question.read(said), Waits(), 0)))
        return spared
