"""Runner: one piece of work at a time that goes on beside the pages, with what it came to."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Literal, TypeVar

import structlog
from starlette.exceptions import HTTPException

State = Literal["running", "held", "done", "failed"]

CLOSE_S = 10.0

log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Run:
    """A run: who asked for it, when it began, on the loop's clock, and what it came to, in lines."""

    who: str
    began_s: float
    state: State = "running"
    words: Sequence[str] = ()


Kind = TypeVar("Kind", bound=Run)


class Runner(Generic[Kind]):
    """One at a time, of a `kind` whose word the log has; `busy` is said to whoever wants a second one. The last run
    stays to be seen."""

    def __init__(self, kind: str, busy: str) -> None:
        self._kind, self._busy = kind, busy
        self._task: asyncio.Task[None] | None = None
        self.run: Kind | None = None

    def check_free(self) -> None:
        """HTTPException 409 while one runs."""
        if self._task is not None and not self._task.done():
            raise HTTPException(409, self._busy)

    def start(self, run: Kind, work: Callable[[], Awaitable[Sequence[str]]]) -> None:
        """Begin the work, whose outcome is lines. HTTPException 409 while another one runs."""
        self.check_free()
        self.run = run
        self._task = asyncio.create_task(self._serve(run, work))
        self._task.add_done_callback(partial(_held, run))

    async def hold(self) -> None:
        """Stop it. What it has done stays done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=CLOSE_S)

    async def _serve(self, run: Kind, work: Callable[[], Awaitable[Sequence[str]]]) -> None:
        try:
            words = await work()
        except Exception as error:  # the boundary: work that fails ends no console
            run.state, run.words = "failed", _leaves(error)
            log.warning("run.failed", kind=self._kind, who=run.who, error=str(error), exc_info=True)
        else:
            run.state, run.words = "done", words


def _held(run: Run, task: asyncio.Task[None]) -> None:
    """However long it took to stop, and also where it had not begun."""
    if task.cancelled():
        run.state = "held"


def _leaves(error: Exception) -> list[str]:
    """What was raised, without the groups that it came in."""
    if isinstance(error, ExceptionGroup):
        return [words for each in error.exceptions for words in _leaves(each)]
    return [str(error) or type(error).__name__]
