"""Child processes: started when healthy, always stopped."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.servers import triton
from sandbox.servers.server import LOOPBACK, Server, free_ports
from streams.errors import PlatformLacks

LISTEN = """
import socket, sys, time
server = socket.socket()
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen()
print("listening", flush=True)
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + LISTEN
PARENTAL = (
    "import subprocess, sys; print('grandchild', subprocess.Popen([sys.executable, '-c', "
    "'import time; time.sleep(600)']).pid, flush=True)" + LISTEN
)


class Listener(Server):
    """A Python child that listens on its port."""

    name = "listener"
    start_within_s = 10.0
    stop_within_s = 1.0

    def __init__(self, folder: Path, script: str = LISTEN) -> None:
        super().__init__(folder)
        self.script = script

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", self.script, str(self.ports[0])]

    async def healthy(self) -> bool:
        return "listening" in self.said()

    def describe(self) -> str:
        return "a listener"


class Unlucky(Listener):
    """Somebody takes its first port before it listens."""

    thief: socket.socket | None = None

    def command(self) -> Sequence[str]:
        if self.thief is None:
            self.thief = socket.socket()
            self.thief.bind((LOOPBACK, self.ports[0]))
            self.thief.listen()
        return super().command()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def shared_memory() -> list[Path]:
    return list(triton.SHARED_MEMORY.iterdir())


async def gone(pids: Sequence[int]) -> None:
    async with asyncio.timeout(20):
        while any(alive(pid) for pid in pids):  # noqa: ASYNC110 (another process ends)
            await asyncio.sleep(0.02)


async def test_it_runs_between_start_and_stop(tmp_path: Path) -> None:
    """In a group of its own, so that Ctrl-C in the terminal does not reach it, and gone afterwards."""
    async with Listener(tmp_path) as server:
        pid = server.pid
        assert pid
        assert os.getpgid(pid) == pid
        with socket.create_connection((LOOPBACK, server.ports[0])):
            pass
    assert server.pid is None
    assert not alive(pid)


async def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    """And so is stopping what was never started."""
    server = Listener(tmp_path)
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
    assert server.pid is None


async def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    """When its port was taken in the meantime, it starts on another."""
    server = Unlucky(tmp_path)
    async with server:
        assert server.thief is not None
        assert server.ports[0] != server.thief.getsockname()[1]
        server.thief.close()


async def test_one_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """The error has the exit status, the log's last lines and its path."""
    server = Listener(tmp_path, "import sys; sys.exit('no luck today')")
    with pytest.raises(PlatformLacks, match=r"ended with status 1.*\n.*no luck today") as refused:
        await server.start()
    assert str(tmp_path / "listener.log") in refused.value.remedy


async def test_one_that_is_never_healthy_is_given_up(tmp_path: Path) -> None:
    """After the bound, with an error, and not left running."""
    server = Listener(tmp_path, "import time; print('thinking', flush=True); time.sleep(600)")
    server.start_within_s = 0.5
    with pytest.raises(PlatformLacks, match=r"not healthy after 0\.5 s.*\n.*thinking"):
        await server.start()
    assert server.pid is None


async def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    """The child of a start that was cancelled is stopped."""
    server = Listener(tmp_path, "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    start = asyncio.create_task(server.start())
    async with asyncio.timeout(20):
        while not (server.log.exists() and server.said().strip()):  # noqa: ASYNC110 (another process writes)
            await asyncio.sleep(0.02)
    pid = int(server.said())
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert not alive(pid)


async def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After the bound."""
    server = Listener(tmp_path, STUBBORN)
    await server.start()
    pid = server.pid
    assert pid
    await server.stop()
    assert not alive(pid)


async def test_its_own_children_go_with_it(tmp_path: Path) -> None:
    """Whatever it started is stopped too."""
    async with Listener(tmp_path, PARENTAL) as server:
        grandchild = int(server.said().split()[1])
        assert alive(grandchild)
    await gone([grandchild])


async def test_a_crash_is_seen_and_mended(tmp_path: Path) -> None:
    """`crashed` tells an end that nobody asked for; `start` brings it back on its port."""
    async with Listener(tmp_path) as server:
        assert server.pid
        assert not server.crashed
        os.kill(server.pid, signal.SIGKILL)
        await gone([server.pid])
        assert server.crashed
        ports = server.ports
        await server.start()
        assert server.ports == ports
        assert not server.crashed


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_the_stack_ends_with_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    """However the process that started the stack ends, no server and no shared memory outlives it."""
    script = f"""
import asyncio, pathlib, signal
from sandbox.servers.stack import Stack

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored

async def main():
    async with Stack(pathlib.Path({str(tmp_path)!r}), answer="tests.fakes.echo:echo") as stack:
        print(*(server.pid for server in (stack.kafka, stack.redis, stack.triton) if server), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert parent.stdout
    pids = [int(pid) for pid in (await parent.stdout.readline()).split()]
    assert len(pids) >= 2
    assert all(alive(pid) for pid in pids)
    parent.send_signal(how)
    prefix = f"{triton.PREFIX}-{parent.pid}-"
    async with asyncio.timeout(20):
        await parent.wait()
        await gone(pids)
        while any(region.name.startswith(prefix) for region in shared_memory()):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.02)


def test_free_ports_are_free_in_a_row_and_never_the_same_soon() -> None:
    """A server with three ports finds all of them free, where connections never come out by themselves."""
    taken = socket.socket()
    with closing(taken):
        (before,) = free_ports(1)
        taken.bind(("127.0.0.1", before + 2))
        given = [free_ports(3) for _ in range(20)]
    every = [port for ports in given for port in ports]
    assert len(set(every)) == 60
    assert before + 2 not in every
    assert all(ports == list(range(ports[0], ports[0] + 3)) for ports in given)
    assert max(every) < int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
