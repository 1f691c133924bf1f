"""Limiter: the calls and tokens in flight at one server, within its adaptive limit and the classes' ceilings.

The arithmetic takes the time as an argument; `slot` alone waits and reads the loop's clock.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from clients.calls import Call, Class, Completion, ModelClient
from clients.limits.adaptive_limit import AdaptiveLimit, Limit, Trial
from clients.limits.queue_delay import Queueing, Wait
from clients.limits.token_estimates import Sizes
from clients.pools.wait_queue import CLASSES, Turns
from streams.errors import DeadlinePassed, ModelOverloaded

CEILINGS: Mapping[Class, float] = {"live": 1.0, "replay": 0.9, "batch": 0.75}
"""A class may begin a call while less than this share of the limit is in flight, of all classes together. What lies
above is kept for the classes before it, which thereby find a place at once, for as long as there are any."""

LINGER_S = 10.0
"""So long after its last call a class counts as there."""

SPREAD = 1.5
"""How far the tokens in flight may exceed those of as many average calls as the limit allows."""


class Limiter:
    """Guards one server. Limiters that share `turns` share one line."""

    def __init__(
        self, limit: Limit | None = None, ceilings: Mapping[Class, float] = CEILINGS, turns: Turns | None = None
    ) -> None:
        self.limit = limit or AdaptiveLimit()
        self.turns = self._own_turns() if turns is None else turns
        self.queueing, self.sizes = Queueing(), Sizes()
        self.in_flight: Counter[Class] = Counter()
        self.tokens = 0
        self._ceilings = ceilings
        self._asked_s: dict[Class, float] = {}

    def admits(self, traffic_class: Class, now_s: float) -> bool:
        """Whether a call of this class may begin. Asked only when there is one."""
        self._asked_s[traffic_class] = now_s
        if now_s < self.limit.closed_until_s or self.in_flight.total() >= self._most(traffic_class, now_s):
            return False
        # Checked before the call's own tokens are added: however long, a call may begin when few others run.
        most_tokens = SPREAD * self.limit.calls * self.sizes.tokens  # 0 until a call was answered
        if self.tokens and most_tokens and self.tokens >= most_tokens:
            self.limit.wanted()
            return False
        return True

    def acquire(self, traffic_class: Class, now_s: float) -> "Slot | None":
        """A slot, if there is one now."""
        return Slot(self, traffic_class, now_s) if self.admits(traffic_class, now_s) else None

    def _most(self, traffic_class: Class, now_s: float) -> int:
        """How many calls there may be for one of this class to begin."""
        for before in CLASSES[: CLASSES.index(traffic_class)]:
            if self._asked_s.get(before, float("-inf")) > now_s - LINGER_S:
                return max(int(self.limit.calls * self._ceilings[traffic_class]), 1)
        return self.limit.calls

    def _own_turns(self) -> Turns:
        turns = Turns()
        turns.room = lambda traffic_class: self.admits(traffic_class, asyncio.get_running_loop().time())
        return turns

    @asynccontextmanager
    async def slot(self, call: Call) -> AsyncIterator["Slot"]:
        """Wait for a slot until the call's deadline, then DeadlinePassed; ModelOverloaded when too many wait."""
        loop = asyncio.get_running_loop()
        slot = await self.turns.turn(
            call.traffic_class, lambda _: self.acquire(call.traffic_class, loop.time()), call.deadline_s
        )
        try:
            yield slot
        finally:
            slot.release()


class Slot:
    """The right to one call at a time at one server, until it is released. Releasing again is harmless.

    `wait`: how long its last call waited on the server, as far as is known.
    """

    def __init__(self, limiter: Limiter, traffic_class: Class, now_s: float) -> None:
        self._limiter, self._class = limiter, traffic_class
        self._held = True
        self.wait = Wait()
        limiter.in_flight[traffic_class] += 1
        self._trial: Trial | None = limiter.limit.begin(now_s, limiter.in_flight.total())

    def release(self) -> None:
        """Give the place to the next one."""
        if self._held:
            self._held = False
            self._limiter.in_flight[self._class] -= 1
            self._limiter.turns.advance()

    async def ask(self, client: ModelClient, call: Call) -> Completion:
        """Make the call. Raises what the client raises; the limit learns from how it ends.

        An answer is a success. An overload, or a deadline that passes meanwhile, is a drop. Other failures and
        cancellation say nothing of the load, and are ignored.
        """
        limiter, now = self._limiter, asyncio.get_running_loop().time
        trial = self._trial or limiter.limit.begin(now(), limiter.in_flight.total())
        self._trial = None
        tokens = limiter.sizes.expected(call)
        limiter.tokens += tokens
        try:
            completion = await client.complete(call)
        except ModelOverloaded as error:
            limiter.limit.refused(trial, now(), error.retry_after_s)
            raise
        except DeadlinePassed:
            if trial.began_s < call.deadline_s:
                limiter.limit.refused(trial, now())
            raise
        finally:
            limiter.tokens -= tokens
        self.wait = limiter.queueing.wait(completion, limiter.sizes.input_tokens(call), now())
        limiter.limit.answered(trial, now(), self.wait)
        limiter.sizes.learn(call, completion)
        return completion
