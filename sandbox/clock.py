"""Virtual time: several processes, each with an event loop of its own, on one clock that jumps to the next thing to do.

There is no I/O, and the order depends on nothing but what was scheduled: a run is a function of its seed. A process can
be frozen (SIGSTOP: nothing of it runs, its timers wait) and killed (SIGKILL: nothing of it ever runs, no cleanup).
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

STEP_S = 1e-6
"""What running one callback costs, so that a loop that never sleeps still moves the clock."""


class Stuck(AssertionError):
    """Nothing is left to do and the run is not finished, or it does not come to an end."""


class Task(asyncio.Task[Any]):
    """A task that hashes by its number: sets of tasks iterate in the same order in every run."""

    numbers = count()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.number = next(self.numbers)
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        return self is other


class Entry:
    """A callback that is to be run in its process; asyncio's own handles are three times as slow to make."""

    __slots__ = ("args", "callback", "context", "process")

    def __init__(
        self,
        process: "Process",
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: contextvars.Context | None,
    ) -> None:
        self.process, self.args = process, args
        self.callback: Callable[..., object] | None = callback
        self.context = contextvars.copy_context() if context is None else context

    def cancel(self) -> None:
        """Never run it."""
        self.callback = None

    def cancelled(self) -> bool:
        """Whether it will never run, or has run."""
        return self.callback is None


class Clock:
    """The one clock, and what is to be done when. `most` bounds the callbacks of a run."""

    def __init__(self, most: int = 2_000_000) -> None:
        self.now_s = 0.0
        self.steps = 0
        self._most = most
        self._ready: deque[Entry] = deque()
        self._timers: list[tuple[float, int, Entry]] = []
        self._sequence = count()
        self.processes: list[Process] = []
        self._inside: asyncio.AbstractEventLoop | None = None

    def process(self, name: str) -> "Process":
        """A new process."""
        process = Process(self, name)  # type: ignore[abstract]  # asyncio asks for no more than there is
        self.processes.append(process)
        return process

    def run(self, process: "Process", main: Coroutine[Any, Any, None]) -> None:
        """Run all processes until `main`, which runs in `process`, returns; raises what it raises."""
        task = process.create_task(main)
        before = asyncio._get_running_loop()
        try:
            while not task.done():
                self._make_ready()
                self._run(self._ready.popleft())
        finally:
            self._enter(before)
        task.result()

    def soon(self, entry: Entry) -> None:
        """Run this next, after what is ready already."""
        self._ready.append(entry)

    def at(self, when_s: float, entry: Entry) -> None:
        """Run this when the time has come."""
        heapq.heappush(self._timers, (when_s, next(self._sequence), entry))

    def bury(self) -> None:
        """End what is left of all processes, quietly; afterwards nothing runs any more."""
        before = asyncio._get_running_loop()
        for process in self.processes:
            process.thaw()
            process.dead = True
            for task in asyncio.all_tasks(process):
                task.cancel()
        while self._ready:
            self._run(self._ready.popleft())
        self._enter(before)
        self._timers.clear()

    def _make_ready(self) -> None:
        """Move on to the next thing to do."""
        timers, ready = self._timers, self._ready
        while timers and (timers[0][0] <= self.now_s or not ready):
            when_s, _, entry = heapq.heappop(timers)
            if entry.callback is not None:
                self.now_s = max(self.now_s, when_s)
                ready.append(entry)
        if not ready:
            raise Stuck(f"nothing is left to do; waiting: {self.waiting()}")
        self.steps += 1
        if self.steps > self._most:
            raise Stuck(f"{self._most} steps and no end; waiting: {self.waiting()}")
        self.now_s += STEP_S

    def _run(self, entry: Entry) -> None:
        process, callback = entry.process, entry.callback
        if callback is None:
            return
        if process.held is not None:
            process.held.append(entry)
            return
        if process is not self._inside:
            self._enter(process)
        try:
            entry.context.run(callback, *entry.args)
        except Exception as error:  # noqa: BLE001 (as asyncio does: told to the loop, which fails the run)
            process.call_exception_handler({"message": f"in {callback}", "exception": error})

    def _enter(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._inside = loop
        asyncio._set_running_loop(loop)

    def waiting(self) -> str:
        """The tasks that are not done, by process."""
        return "; ".join(
            f"{process.name}: {', '.join(sorted(_where(task) for task in asyncio.all_tasks(process)))}"
            for process in self.processes
            if not process.dead and asyncio.all_tasks(process)
        )


class Process(asyncio.AbstractEventLoop):
    """The event loop of one process: as much of one as asyncio needs where there is no I/O."""

    def __init__(self, clock: Clock, name: str) -> None:
        self.clock, self.name = clock, name
        self.dead = False
        self.held: list[Entry] | None = None
        self.failures: list[str] = []

    def kill(self) -> None:
        """SIGKILL."""
        self.freeze()
        self.dead = True

    def freeze(self) -> None:
        """SIGSTOP: what falls due waits."""
        if self.held is None:
            self.held = []

    def thaw(self) -> None:
        """SIGCONT: what fell due meanwhile runs now, in order. The dead stay dead until they are buried."""
        held, self.held = self.held or [], None
        for entry in held:
            self.clock.soon(entry)

    def time(self) -> float:
        return self.clock.now_s

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> Entry:
        entry = Entry(self, callback, args, context)
        self.clock.soon(entry)
        return entry

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> Entry:
        return self.call_at(self.clock.now_s + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> Entry:
        entry = Entry(self, callback, args, context)
        self.clock.at(when, entry)
        return entry

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(self, coro: Any, **kwargs: Any) -> Task:
        return Task(coro, loop=self, **kwargs)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Whatever nobody caught is a failure of the run."""
        if not self.dead:
            self.failures.append(f"{self.name}: {context.get('message')}: {context.get('exception')!r}")


def _where(task: asyncio.Task[Any]) -> str:
    """The task's innermost own frame that waits."""
    coroutine: Any = task.get_coro()
    names = []
    while coroutine is not None and hasattr(coroutine, "cr_code"):
        names.append(coroutine.cr_code.co_name)
        coroutine = getattr(coroutine, "cr_await", None)
    return ">".join(names)
