"""Cordon: a command of the operators' that is run for a model server whose ejection lasts, so that they take its node
out of service. Penchant replaces nothing itself."""

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

import structlog

from agents.fleet.judge import ExperimentNotice
from clients.pools.registry import Notice
from penchant.telemetry.alert_text import alert_text
from penchant.telemetry.lasting_ejections import LastingEjections

WITHIN_S = 30.0
"""How long a command may take; then it is killed, with what it started."""
MOST = 4
"""So many run at once, of one server never more than one; others wait."""
SHOWN_BYTES = 2_000
"""So much of the end of its output stands in the log."""
LOOK_S = 1.0

log = structlog.get_logger()


class Cordon:
    """Runs `command`, without a shell, with the server's name as its last argument and the alert as JSON on stdin.
    Variables of Penchant, which may be secrets, are not handed on."""

    def __init__(self, command: Sequence[str], after_s: float, within_s: float = WITHIN_S) -> None:
        self._command, self._within_s = tuple(command), within_s
        self._lasting = LastingEjections(after_s)
        self._slots = asyncio.Semaphore(MOST)

    def tell(self, notice: Notice | ExperimentNotice) -> None:
        """Hear of this. Never waits."""
        if isinstance(notice, Notice):
            self._lasting.hear(notice)

    async def run(self, every_s: float = LOOK_S) -> None:
        """Look for ejections that last, until cancelled; commands that run then are killed."""
        running: dict[str, asyncio.Task[None]] = {}
        waiting: deque[Notice] = deque()
        async with asyncio.TaskGroup() as tasks:
            while True:
                waiting.extend(self._lasting.due(asyncio.get_running_loop().time()))
                running = {replica: task for replica, task in running.items() if not task.done()}
                for _ in range(len(waiting)):
                    notice = waiting.popleft()
                    if notice.replica in running:
                        waiting.append(notice)
                    else:
                        running[notice.replica] = tasks.create_task(self._cordon(notice))
                await asyncio.sleep(every_s)

    async def _cordon(self, notice: Notice) -> None:
        async with self._slots:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    notice.replica,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    env={name: value for name, value in os.environ.items() if not name.startswith("PENCHANT_")},
                    process_group=0,
                )
            except (OSError, ValueError) as error:  # ValueError: a word with a null byte
                why = error.strerror if isinstance(error, OSError) else str(error)
                log.warning("cordon.failed", replica=notice.replica, error=f"{self._command[0]}: {why}")
                return
            try:
                await self._follow(process, notice)
            finally:
                await end(process, notice)

    async def _follow(self, process: asyncio.subprocess.Process, notice: Notice) -> None:
        said = bytearray()
        try:
            async with asyncio.timeout(self._within_s):
                await asyncio.gather(_hand_over(process, alert_text(notice)), _listen(process, said))
                status = await process.wait()
        except TimeoutError:
            why = f"it took longer than {self._within_s:g} s and was killed"
            log.warning("cordon.failed", replica=notice.replica, error=why, said=_shown(said))
            return
        tell = log.warning if status else log.info
        tell("cordon.failed" if status else "cordon.done", replica=notice.replica, status=status, said=_shown(said))


async def _hand_over(process: asyncio.subprocess.Process, text: bytes) -> None:
    """A command need not read what it is told."""
    stdin = process.stdin
    if stdin is None:
        return
    with suppress(BrokenPipeError, ConnectionResetError):
        stdin.write(text)
        await stdin.drain()
    stdin.close()


async def end(process: asyncio.subprocess.Process, notice: Notice) -> None:
    """Kill what is left of it, and wait until asyncio has heard of that, also when cancelled meanwhile. What runs as
    another user by now, as with sudo, cannot be killed: it is left."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError:
        log.warning("cordon.left", replica=notice.replica, pid=process.pid, why="it runs as another user")
        return
    ended = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        await ended  # it was killed, so this is soon
        raise


async def _listen(process: asyncio.subprocess.Process, said: bytearray) -> None:
    """Read it all, and keep the end."""
    while process.stdout is not None and (chunk := await process.stdout.read(SHOWN_BYTES)):
        said += chunk
        del said[:-SHOWN_BYTES]


def _shown(said: bytearray) -> str:
    return said.decode("utf-8", "replace").strip()
