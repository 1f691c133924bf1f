"""Limiter: the calls and tokens in flight at one server, within its adaptive limit and the classes' ceilings.

The arithmetic takes the time as an argument; `slot` alone waits and reads the loop's clock.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from msgspec import structs

from clients.calls import Call, Class, Completion, ModelClient
from clients.limits.adaptive_limit import AdaptiveLimit, Limit
from clients.limits.call_ages import BegunCall
from clients.limits.queue_delay import QueueDelayEstimator, Wait
from clients.limits.token_estimates import TokenEstimator
from clients.pools.wait_queue import CLASSES, WaitQueue
from streams.errors import DeadlinePassed, ModelOverloaded

CEILINGS: Mapping[Class, float] = {"realtime": 1.0, "live": 1.0, "replay": 0.9, "batch": 0.75}
"""A class may begin a call while less than this share of the limit is in flight, of all classes together. What lies
above is kept for the classes before it, which thereby find a slot at once, for as long as there are any."""

BEFORE: Mapping[Class, tuple[Class, ...]] = {each: CLASSES[:at] for at, each in enumerate(CLASSES)}
"""The classes that go before each."""

SHARES: Mapping[Class, float] = {"realtime": 0.25}
"""A class may have so much of the limit in flight itself, and one call: whoever goes first must not take it all."""

LINGER_S = 10.0
"""So long after its last call a class counts as there."""

SPREAD = 1.5
"""How far the tokens in flight may exceed those of as many average calls as the limit allows."""


class Limiter:
    """Guards one server. Limiters that share a `wait_queue` share one line. `running` are the calls in flight, of all
    classes together."""

    def __init__(
        self,
        limit: Limit | None = None,
        ceilings: Mapping[Class, float] = CEILINGS,
        wait_queue: WaitQueue | None = None,
    ) -> None:
        self.limit = limit or AdaptiveLimit()
        self.wait_queue = self._own_wait_queue() if wait_queue is None else wait_queue
        self.queue_delay, self.token_estimates = QueueDelayEstimator(), TokenEstimator()
        self.in_flight: Counter[Class] = Counter()
        self.running = 0
        self.tokens = 0
        self._ceilings = ceilings
        self._asked_s: dict[Class, float] = {}

    def admits(self, traffic_class: Class, now_s: float) -> bool:
        """Whether a call of this class may begin. Asked only when there is one."""
        self._asked_s[traffic_class] = now_s
        limit = self.limit
        limit.look(now_s, self.running)
        if now_s < limit.closed_until_s or self.running >= self._most(traffic_class, now_s):
            return False
        share = SHARES.get(traffic_class)
        if share is not None and self.in_flight[traffic_class] >= max(int(limit.calls * share), 1):
            return False
        # Checked before the call's own tokens are added: however long, a call may begin when few others run.
        most_tokens = SPREAD * limit.calls * self.token_estimates.tokens  # 0 until a call was answered
        if self.tokens and most_tokens and self.tokens >= most_tokens:
            limit.wanted()
            return False
        return True

    @property
    def load(self) -> float:
        """The share of the limit that is in flight."""
        return self.running / self.limit.calls

    def acquire(self, traffic_class: Class, now_s: float) -> "Slot | None":
        """A slot, if there is one now."""
        return Slot(self, traffic_class, now_s) if self.admits(traffic_class, now_s) else None

    def _most(self, traffic_class: Class, now_s: float) -> int:
        """How many calls there may be for one of this class to begin."""
        for before in BEFORE[traffic_class]:
            if self._asked_s.get(before, float("-inf")) > now_s - LINGER_S:
                return max(int(self.limit.calls * self._ceilings[traffic_class]), 1)
        return self.limit.calls

    def _own_wait_queue(self) -> WaitQueue:
        wait_queue = WaitQueue()
        wait_queue.room = lambda traffic_class: self.admits(traffic_class, asyncio.get_running_loop().time())
        return wait_queue

    @asynccontextmanager
    async def slot(self, call: Call) -> AsyncIterator["Slot"]:
        """Wait for a slot until the call's deadline, then DeadlinePassed; ModelOverloaded when too many wait."""
        loop = asyncio.get_running_loop()
        slot = await self.wait_queue.acquire(
            call.traffic_class, lambda *_: self.acquire(call.traffic_class, loop.time()), call.deadline_s
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
        limiter.running += 1
        self._begun: BegunCall | None = limiter.limit.begin(now_s, limiter.running)

    def release(self) -> None:
        """Give the slot to the next one."""
        if self._held:
            self._held = False
            self._limiter.in_flight[self._class] -= 1
            self._limiter.running -= 1
            self._limiter.wait_queue.advance()

    async def ask(self, client: ModelClient, call: Call) -> Completion:
        """Make the call. Raises what the client raises; the limit learns from how it ends.

        An answer is a success. An overload, or a deadline that passes meanwhile, is a drop. Other failures and
        cancellation say nothing of the load, and are ignored.
        """
        limiter, now = self._limiter, asyncio.get_running_loop().time
        sent_s, estimates = now(), limiter.token_estimates
        begun = self._begun or limiter.limit.begin(sent_s, limiter.running)
        self._begun = None
        limiter.limit.sent(begun, sent_s)
        tokens, answer_tokens = estimates.expected(call), estimates.answer_tokens(call)
        limiter.tokens += tokens

        def first_token() -> None:
            limiter.limit.first_token(begun, now())
            if call.begun is not None:
                call.begun()

        try:
            completion = await client.complete(structs.replace(call, begun=first_token, answer_tokens=answer_tokens))
        except ModelOverloaded as error:
            limiter.limit.refused(begun, now(), error.retry_after_s)
            raise
        except DeadlinePassed:
            if begun.began_s < call.deadline_s:
                limiter.limit.refused(begun, now())
            raise
        else:
            self._learn(begun, call, completion, now())
            return completion
        finally:
            limiter.tokens -= tokens
            limiter.limit.ended(begun)

    def _learn(self, begun: BegunCall, call: Call, completion: Completion, now_s: float) -> None:
        limiter = self._limiter
        self.wait = limiter.queue_delay.wait(completion, limiter.token_estimates.input_tokens(call), now_s)
        limiter.limit.answered(begun, now_s, self.wait)
        limiter.token_estimates.learn(call, completion)
