"""Worker process: one of several workers, started again whenever it ends."""

import asyncio
import signal
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import structlog

from streams.errors import SettingInvalid

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
STEADY_S = 60.0
"""A worker that ran for so long has begun well: its next end is its first."""

SETTINGS_WRONG = 2
"""The exit status of `penchant` when its settings or the machine must change first: no new start helps."""

log = structlog.get_logger()


def pause_s(ends: int) -> float:
    """How long to wait before the next start, after so many ends in a row, from 1."""
    return min(FIRST_PAUSE_S * 2.0 ** min(ends - 1, 10), LONGEST_PAUSE_S)


class WorkerProcess:
    """`run` keeps it running, `stop` ends it. `restarts` counts its starts but the first."""

    def __init__(self, number: int, command: Sequence[str], steady_s: float = STEADY_S) -> None:
        self.number, self.restarts, self._steady_s = number, 0, steady_s
        self._command = [*command, "--number", str(number)]
        self._process: Process | None = None
        self._began_s = 0.0

    @property
    def up_s(self) -> float | None:
        """For how long it has been running; None while it is not."""
        return time.monotonic() - self._began_s if self._process and self._process.returncode is None else None

    async def run(self) -> None:
        """Until cancelled: start it, and start it again. SettingInvalid when it says that this cannot help, and has
        never run well: once it has, somebody changes a file at the moment, and the others must not end for that."""
        ends, has_run = 0, False
        while True:
            process = await self._start()
            status = await process.wait()
            if status == SETTINGS_WRONG and not has_run:
                raise SettingInvalid(f"worker {self.number} cannot run so", "it says above what must change first")
            ran = time.monotonic() - self._began_s >= self._steady_s
            ends, has_run = 1 if ran else ends + 1, has_run or ran
            log.warning("worker.ended", worker=self.number, status=status, again_in_s=pause_s(ends))
            await asyncio.sleep(pause_s(ends))
            self.restarts += 1

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def stop(self, within_s: float) -> int:
        """Its exit status, 0 if it does not run: ask it to end in order, and kill it when it has not after so long."""
        if self._process is None or self._process.returncode is not None:
            return 0
        self.send(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                return await self._process.wait()
        self.send(signal.SIGKILL)
        return await self._process.wait()

    async def _start(self) -> Process:
        """In a group of its own: a terminal's Ctrl-C is for the parent, which asks each of them once. Its standard
        input ends with the parent, and it with that."""
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, process_group=0)
        self._began_s = time.monotonic()
        log.info("worker.process", worker=self.number, pid=self._process.pid)
        return self._process
