"""A server of the embedded stack: a child process on free loopback ports, with a log and a health check."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Self

from streams.errors import PlatformLacks

LOOPBACK = "127.0.0.1"
PORTS = range(12_000, 32_000)
POLL_S = 0.02
COMPLAINT_LINES = 12
ATTEMPTS = 3  # a port that was free may be taken before the server listens on it


class Server(ABC):
    """One child process; subclasses say what to run and when it is healthy.

    It writes to `<run folder>/<name>.log`, dies with this process, and ignores Ctrl-C in the terminal, so that
    it is stopped in order. Start it from a thread that lives as long as it should: Linux ties a child to that thread.
    """

    name: str
    port_count = 1
    stdin = subprocess.DEVNULL
    start_within_s = 20.0
    stop_within_s = 5.0

    def __init__(self, run_folder: Path) -> None:
        self.run_folder = run_folder
        self.log = run_folder / f"{self.name}.log"
        self.ports: Sequence[int] = ()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @abstractmethod
    def command(self) -> Sequence[str]:
        """The command line that serves on `self.ports`."""

    @abstractmethod
    async def healthy(self) -> bool:
        """Whether *this* process answers; another server on its port is not it."""

    @abstractmethod
    def describe(self) -> str:
        """What it really is, for people: program, version, and what is simulated."""

    def environment(self) -> Mapping[str, str]:
        """What the child finds in its environment."""
        return os.environ

    def clean_up(self) -> None:  # noqa: B027 (most leave nothing behind)
        """Remove what the ended process left behind."""

    def said(self) -> str:
        """What the child wrote to its log since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def complaint(self) -> str:
        """The lines of the log that tell why it failed."""
        return "\n".join(self.said().splitlines()[-COMPLAINT_LINES:])

    @property
    def crashed(self) -> bool:
        """Whether it ended without being asked to."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int | None:
        """The running child's process id."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start and return when healthy; PlatformLacks with the log's reason when that fails within the bound."""
        if self.pid:
            return
        await self.stop()  # what a crashed one left
        given = self.ports  # a restart comes back where its clients look for it
        for _ in range(ATTEMPTS):
            self.ports = given or free_ports(self.port_count)
            failure = await self._try_to_start()
            if not failure:
                return
            if "already in use" not in self.said().lower():
                break
        self.ports = given
        raise PlatformLacks(f"{self.name} {failure}; {self.log} says:\n{self.complaint()}", f"read {self.log}")

    async def stop(self) -> None:
        """End the child, by SIGKILL if it does not end within the bound. Harmless when it is not running."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End the child at once, as a crash would."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Stop if running, and start on the same ports."""
        await self.stop()
        await self.start()

    async def _try_to_start(self) -> str:
        """Empty when healthy, else what went wrong; then, and when cancelled, nothing is left running."""
        failure = "was not waited for"
        try:
            self._spawn()
            failure = await self._wait_until_healthy()
        finally:
            if failure:
                await self.stop()
        return failure

    def _spawn(self) -> None:
        try:
            self.run_folder.mkdir(parents=True, exist_ok=True)
            self._open_child()
        except OSError as exc:
            raise PlatformLacks(f"{self.name} cannot be started: {exc}", "choose another run folder") from exc

    def _open_child(self) -> None:
        wrapper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("child.py")), str(os.getpid())]
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 (our own command lines)
                [*wrapper, *self.command()],
                stdin=self.stdin,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                start_new_session=True,  # the terminal's Ctrl-C is for us alone
            )

    async def _wait_until_healthy(self) -> str:
        try:
            async with asyncio.timeout(self.start_within_s):
                while self.pid:
                    if await self.healthy() and self.pid:
                        return ""
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            return f"is not healthy after {self.start_within_s:g} s"
        return f"ended with status {self._process.returncode if self._process else None}"

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.poll() is None:
                process.send_signal(how)
            await _ended(process, self.stop_within_s)
        finally:
            _kill_group(process)
            process.wait()
            if process.stdin:
                process.stdin.close()
            self.clean_up()


def free_ports(count: int) -> list[int]:
    """Loopback ports in a row that nobody listens on now. They lie below those that the system gives to connections by
    itself, so that none of these takes one before its server listens. Raises PlatformLacks."""
    for _ in range(len(PORTS)):
        first = next(_STARTS)
        ports = range(first, first + count)
        if ports.stop <= PORTS.stop and _are_free(ports):
            for _ in ports[1:]:
                next(_STARTS)
            return list(ports)
    raise PlatformLacks(f"no {count} free ports in a row on {LOOPBACK}", "end what listens there")


def _are_free(ports: range) -> bool:
    with ExitStack() as stack, suppress(OSError):
        for port in ports:
            stack.enter_context(closing(socket.socket())).bind((LOOPBACK, port))
        return True
    return False


def _starts() -> Iterator[int]:
    """Round and round from anywhere, so that two processes hardly meet, and one never gives a port out twice soon."""
    at = secrets.randbelow(len(PORTS))
    while True:
        yield PORTS[at]
        at = (at + 1) % len(PORTS)


_STARTS = _starts()


async def _ended(process: subprocess.Popen[bytes], within_s: float) -> None:
    for _ in range(int(within_s / POLL_S)):
        if process.poll() is not None:
            return
        await asyncio.sleep(POLL_S)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """The child leads a group of its own: what it started goes with it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
