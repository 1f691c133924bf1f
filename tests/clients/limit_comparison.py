"""The adaptive limit beside fixed limits and plain AIMD, in virtual time: `python -m tests.clients.limit_comparison`.

Somebody always waits for a place, as in a service with more work than its server can take. The server changes, and the
limits have to follow.
"""

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field

from clients.limits.adaptive_limit import AdaptiveLimit, Limit
from clients.limits.call_ages import BegunCall
from clients.limits.queue_delay import Wait
from clients.pools.limiter import Limiter
from streams.errors import DeadlinePassed, ModelUnavailable
from tests.clients.virtual import call, virtually
from tests.fakes.queueing_server import QueueingServer

SECONDS = 180.0
CALLERS = 150
DEADLINE_S = 10.0


class FixedLimit:
    """What a setting gives."""

    closed_until_s = 0.0

    def __init__(self, calls: int) -> None:
        self._limit = float(calls)

    @property
    def calls(self) -> int:
        return int(self._limit)

    def begin(self, now_s: float, in_flight: int) -> BegunCall:
        return BegunCall(now_s, in_flight, 0)

    def look(self, now_s: float, in_flight: int) -> None:
        """It sees nothing."""

    def sent(self, begun: BegunCall, now_s: float) -> None:
        """It keeps nothing."""

    def first_token(self, begun: BegunCall, now_s: float) -> None:
        """It learns nothing."""

    def ended(self, begun: BegunCall) -> None:
        """It keeps nothing."""

    def wanted(self) -> None:
        """It does not mind."""

    def restart(self, calls: int) -> None:
        """It stays what it is."""

    def answered(self, begun: BegunCall, now_s: float, wait: Wait) -> None:
        """It learns nothing."""

    def refused(self, begun: BegunCall, now_s: float, retry_after_s: float | None = None) -> None:
        """It learns nothing."""


class AimdLimit(FixedLimit):
    """One more for each round of answers; a tenth less for a refusal, or an answer that takes longer than 5 s."""

    def __init__(self) -> None:
        super().__init__(20)

    def answered(self, begun: BegunCall, now_s: float, wait: Wait) -> None:  # noqa: ARG002 # it does not see queueing
        if now_s - begun.began_s > 5.0:
            self.refused(begun, now_s)
        elif begun.in_flight * 2 >= self._limit:
            self._limit = min(self._limit + 1 / self._limit, 200.0)

    def refused(self, begun: BegunCall, now_s: float, retry_after_s: float | None = None) -> None:  # noqa: ARG002 # it does not care why
        self._limit = max(self._limit * 0.9, 2.0)


@dataclass(slots=True)
class Result:
    """`queue_s`: how long each call waited on the server, `limits`: the limit at each second, `seconds`: how many calls
    were answered in each."""

    answered: int
    refused: int
    late: int
    queue_s: list[float]
    limits: list[int] = field(default_factory=list)
    seconds: Counter[int] = field(default_factory=Counter)

    def early(self) -> float:
        """Answers a second of the ten seconds that follow on the first ten."""
        return sum(self.seconds[second] for second in range(10, 20)) / 10

    def p95_ms(self) -> float:
        """What nineteen of twenty calls did not wait longer for."""
        return sorted(self.queue_s)[int(len(self.queue_s) * 0.95)] * 1e3 if self.queue_s else 0.0


Course = Callable[[QueueingServer], Coroutine[None, None, None]]


def play(limit: Limit, server: QueueingServer, course: Course, seconds: float = SECONDS) -> Result:
    """Let callers ask without a pause while the server goes through a course."""
    return share([limit], server, course, seconds=seconds)[0]


def share(
    limits: Sequence[Limit],
    server: QueueingServer,
    course: Course,
    *,
    seconds: float = SECONDS,
    callers: Sequence[int] = (CALLERS,),
    starts_s: Sequence[float] = (0.0,),
) -> list[Result]:
    """The same with several processes at one server, each with a limit, so many callers, and from a moment on."""
    results = [Result(0, 0, 0, server.queue_s) for _ in limits]

    async def main() -> None:
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(course(server))]
            asking = []
            for at, (limit, result) in enumerate(zip(limits, results, strict=True)):
                limiter = Limiter(limit)
                beside.append(tasks.create_task(_watch(limit, result)))
                for number in range(callers[at]):
                    caller = _caller(limiter, server, result, number, starts_s[at], seconds)
                    asking.append(tasks.create_task(caller))
            await asyncio.wait(asking, timeout=seconds)
            for task in asking + beside:
                task.cancel()

    virtually(main)
    return results


async def _caller(
    limiter: Limiter, server: QueueingServer, result: Result, number: int, start_s: float, seconds: float
) -> None:
    loop, chance = asyncio.get_running_loop(), random.Random(number)
    await asyncio.sleep(start_s)
    while loop.time() < seconds:
        try:
            async with limiter.slot(call(loop.time() + 60.0)) as slot:
                await slot.ask(server, call(loop.time() + DEADLINE_S))
        except ModelUnavailable:
            result.refused += 1
            await asyncio.sleep(chance.uniform(0.2, 0.5))
        except DeadlinePassed:
            result.late += 1
        else:
            result.answered += 1
            result.seconds[int(loop.time())] += 1


async def _watch(limit: Limit, result: Result) -> None:
    while True:
        await asyncio.sleep(1.0)
        result.limits.append(limit.calls)


async def steady(server: QueueingServer) -> None:
    """Nothing changes."""


async def steps(server: QueueingServer) -> None:
    """Twice the capacity, then a quarter of that."""
    await asyncio.sleep(60)
    server.set_places(64)
    await asyncio.sleep(60)
    server.set_places(16)


async def slows(server: QueueingServer) -> None:
    """Four times slower for a minute."""
    await asyncio.sleep(60)
    server.service_s *= 4
    await asyncio.sleep(60)
    server.service_s /= 4


SERVERS: dict[str, tuple[Callable[[], QueueingServer], Course]] = {
    "32 places": (QueueingServer, steady),
    "32, 64, 16 places": (QueueingServer, steps),
    "the same, untold": (lambda: QueueingServer(tells=False), steps),
    "96 places, 2 s, untold": (lambda: QueueingServer(96, 2.0, tells=False), steady),
    "128, fuller, untold": (lambda: QueueingServer(128, 0.5, knee=64, tells=False), steady),
    "refuses beyond 32": (lambda: QueueingServer(most_waiting=0), steady),
    "refuses, 32, 64, 16": (lambda: QueueingServer(most_waiting=4), steps),
    "slows down fourfold": (QueueingServer, slows),
    "slows, untold": (lambda: QueueingServer(tells=False), slows),
    "prompts one by one": (lambda: QueueingServer(64, prompt_s=0.1), steady),
    "slower when fuller": (lambda: QueueingServer(64, 0.5, knee=64), steps),
}
LIMITS: dict[str, Callable[[], Limit]] = {
    "fixed 8": lambda: FixedLimit(8),
    "fixed 32": lambda: FixedLimit(32),
    "fixed 96": lambda: FixedLimit(96),
    "fixed 128": lambda: FixedLimit(128),
    "AIMD": AimdLimit,
    "adaptive": AdaptiveLimit,
}


def main() -> None:
    """Print the table."""
    say = sys.stdout.write
    say(f"{'server':24}{'limit':12}{'answers/s':>10}{'10 to 20 s':>11}{'queue p95 ms':>14}{'refused':>9}{'late':>7}")
    say("  limit each 10 s\n")
    for server_name, (make_server, course) in SERVERS.items():
        for limit_name, make_limit in LIMITS.items():
            result = play(make_limit(), make_server(), course)
            say(
                f"{server_name:24}{limit_name:12}{result.answered / SECONDS:10.1f}{result.early():11.1f}"
                f"{result.p95_ms():14.0f}"
                f"{result.refused:9}{result.late:7}  {' '.join(map(str, result.limits[9::10]))}\n"
            )


if __name__ == "__main__":
    main()
