"""Operator: what a stream processor's async I/O does: one call an event, first in, first out, a fixed capacity.

The prompt is a sliding window: the same instructions, and the shopper's last events as they came. Calls go to the
replicas in turn. With a debounce a shopper's event waits until the shopper has been quiet for a while, and those before
it then need no call of their own.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count, cycle

from clients.calls import Call, ModelClient
from penchant.offline.whatif.arrivals import Arrival
from penchant.settings.root import Settings
from prompts.render import PromptRenderer
from streams.events.decoding import encode
from streams.sessions.session import Session, SessionRules, fold

INSTRUCTED = "\nAnswer:"
PATIENCE_S = 3_600.0


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """`capacity` calls at once. `window` events in a prompt, as JSON lines. `instructions` come first."""

    instructions: str
    capacity: int = 256
    window: int = 20
    debounce_s: float = 0.0
    max_tokens: int = 256


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event whose call has not begun."""

    arrival: Arrival
    prompt: str


class AsyncOperator:
    """`readable` is told of each answer: whose, up to which offset, and when."""

    def __init__(
        self, rules: OperatorRules, replicas: Sequence[ModelClient], readable: Callable[[str, int, float], None]
    ) -> None:
        self._rules, self._replicas, self._readable = rules, cycle(replicas), readable
        self._windows: defaultdict[str, deque[str]] = defaultdict(lambda: deque(maxlen=rules.window))
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._queue: asyncio.Queue[Waiting] = asyncio.Queue()  # in life it stands in Kafka
        self._numbers = count()
        self.calls = 0

    @property
    def waiting(self) -> int:
        """How many events wait for their call, or for quiet."""
        return self._queue.qsize() + len(self._timers)

    def waiting_bytes(self) -> int:
        """About how much they take."""
        return self._queue.qsize() * 300

    def fill(self, arrivals: Iterable[Arrival]) -> None:
        """What came before."""
        for arrival in arrivals:
            self._fold(arrival)

    async def take(self, arrival: Arrival) -> None:
        """An event has come."""
        self._fold(arrival)
        waiting = Waiting(arrival, self._prompt(arrival.shopper))
        if not self._rules.debounce_s:
            self._queue.put_nowait(waiting)
            return
        if timer := self._timers.pop(arrival.shopper, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[arrival.shopper] = loop.call_later(self._rules.debounce_s, self._quiet, waiting)

    async def run(self) -> None:
        """Make calls until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self._rules.capacity):
                tasks.create_task(self._call_on())

    def _fold(self, arrival: Arrival) -> None:
        self._windows[arrival.shopper].append(encode(arrival.event).decode())

    def _prompt(self, shopper: str) -> str:
        return self._rules.instructions + "\n".join(self._windows[shopper]) + INSTRUCTED

    def _quiet(self, waiting: Waiting) -> None:
        del self._timers[waiting.arrival.shopper]
        self._queue.put_nowait(waiting)

    async def _call_on(self) -> None:
        now = asyncio.get_running_loop().time
        while True:
            waiting = await self._queue.get()
            self.calls += 1
            await next(self._replicas).complete(self._call(waiting, now() + PATIENCE_S))
            self._readable(waiting.arrival.shopper, waiting.arrival.offset, now())

    def _call(self, waiting: Waiting, deadline_s: float) -> Call:
        return Call(str(next(self._numbers)), waiting.prompt, deadline_s, self._rules.max_tokens)


class OwnPrompts(AsyncOperator):
    """The same, with the prompts of Penchant: what is left of it without coalescing, ordering and routing."""

    def __init__(
        self, rules: OperatorRules, replicas: Sequence[ModelClient], readable: Callable[[str, int, float], None]
    ) -> None:
        super().__init__(rules, replicas, readable)
        self._sessions: defaultdict[str, Session] = defaultdict(Session)
        self._renderer = PromptRenderer(Settings().prompt.version)

    def _fold(self, arrival: Arrival) -> None:
        fold(self._sessions[arrival.shopper], arrival.event, arrival.offset, arrival.event.time_ms, SessionRules())

    def _prompt(self, shopper: str) -> str:
        return self._renderer.render(self._sessions[shopper]).text
