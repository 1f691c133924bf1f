"""Arms: one worker's calls for an experiment's own arm, and those of its shadow. What must hold of them is looked at as
they begin and while they run; findings begin with `arm` or `shadow`."""

import asyncio
from collections.abc import Callable
from math import inf

from clients.calls import Call, Completion
from streams.records.erasures import Erasure
from tests.simulation.servers import Model, ModelConnection
from tests.simulation.trace import Trace
from tests.simulation.world import Environment

SLOWEST_S = 1.4
TICK_S = 0.1
HEEDED_TICKS = 2
"""How long a call beside may go on after its worker has heard of an erasure."""

JUST_S = 0.05
"""So long a call that was granted takes to begin."""

LONGEST_S = 1e9
"""Longer than any run."""

HeardBack = Callable[[], float]
"""When a worker has heard that the experiment was rolled back; infinite until then."""


class ArmConnection(ModelConnection):
    """To the arm's model. After a rollback no session is asked about that was not asked about before."""

    def __init__(self, who: str, model: Model, trace: Trace, heard_back_s: HeardBack) -> None:
        super().__init__(who, model, trace)
        self._heard_back_s, self._begun = heard_back_s, set[str]()

    async def complete(self, call: Call) -> Completion:
        late = asyncio.get_running_loop().time() > self._heard_back_s() + JUST_S
        if late and call.prompt not in self._begun:
            self._model.wrong.append(f"arm: {self._who} asks for an arm of what was rolled back, about {call.shopper}")
        self._begun.add(call.prompt)
        return await super().complete(call)


class ShadowConnection:
    """To a slow model that is asked beside the live one: about what that has answered, until an erasure or a rollback.
    `known` tells the last erasure of a shopper that its worker knows of."""

    def __init__(
        self, who: str, world: Environment, known: Callable[[str], Erasure | None], heard_back_s: HeardBack
    ) -> None:
        self._who, self._live, self._truth, self._known = who, world.model, world.truth, known
        self._chance, self._heard_back_s = world.chance(f"{who} beside"), heard_back_s

    def _forbids(self, call: Call) -> bool:
        """Whether its worker knows that nobody is to be asked this."""
        known, asked = self._known(call.shopper), self._truth.erasures.get(call.shopper)
        told = known is not None and asked is not None and known.number >= asked.number
        return told and self._truth.forbidden(call.shopper, call.prompt)

    async def complete(self, call: Call) -> Completion:
        began_s = self._live.answered_s.get((self._who, call.prompt), inf)
        if began_s > min(self._heard_back_s() + JUST_S, LONGEST_S):
            self._live.wrong.append(f"shadow: {self._who} asks beside about {call.id}, which no live call allows")
        left_s, late = self._chance.random() * SLOWEST_S, 0
        while left_s > 0:
            await asyncio.sleep(min(left_s, TICK_S))
            left_s -= TICK_S
            late += self._forbids(call)
            if late > HEEDED_TICKS:
                self._live.wrong.append(f"shadow: {self._who} asks beside about {call.shopper}, known to be erased")
        return Completion("beside", "simulated", "beside")

    async def probe(self) -> str:
        return "simulated shadow"

    async def close(self) -> None:
        """Nothing to close."""
