"""Servers that a whole run shares, the workers of xdist among them: one of a kind, started for the first who asks.

The process that pytest was started in holds them, in a thread with an event loop of its own, and stops them at the end
of the run. Everybody asks by a Unix socket, and gets a handle: a copy that knows the address but has no process.
"""

import asyncio
import copy
import json
import pickle
import socket
import tempfile
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.servers.redis import RedisServer
from sandbox.servers.server import Server
from sandbox.servers.triton import TritonServer
from streams.errors import PenchantError
from tests.brokers import broker
from tests.fakes.echo import ECHO

START_WITHIN_S = 240.0
"""How long a fixture waits for a server; Maven may have to fetch Kafka first."""

STOP_WITHIN_S = 60.0

SOCKET = pytest.StashKey[str]()
Share = Callable[[str], Any]


@asynccontextmanager
async def running(make: Callable[[Path], Server], folder: Path) -> AsyncIterator[Server]:
    """A handle of a server that runs meanwhile."""
    async with make(folder) as server:
        handle = copy.copy(server)
        handle._process = None
        yield handle


KINDS: Mapping[str, Callable[[Path], AbstractAsyncContextManager[object]]] = {
    "kafka": broker,
    "redis": partial(running, RedisServer),
    "triton-echo": partial(running, partial(TritonServer, answer=ECHO)),
    "triton-rules": partial(running, TritonServer),
}
"""How each kind is started in a folder."""


class Keeper(threading.Thread):
    """Holds the servers, and tells by its socket where they are."""

    def __init__(self, path: str) -> None:
        super().__init__(name="servers of the tests")
        self._path = path
        self._listening, self._stack = threading.Event(), AsyncExitStack()
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[str, object] = {}

    def run(self) -> None:
        """Serve until closed."""
        asyncio.run(self._serve())

    def open(self) -> None:
        """Return when it listens."""
        self.start()
        if not self._listening.wait(STOP_WITHIN_S):
            raise TimeoutError("the keeper of the servers does not listen")

    def close(self) -> None:
        """Stop every server; fails when they do not end in time."""
        self._loop.call_soon_threadsafe(self._closing.set)
        self.join(STOP_WITHIN_S)
        if self.is_alive():
            raise TimeoutError("the servers of the tests do not end")

    async def _serve(self) -> None:
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        async with self._stack, await asyncio.start_unix_server(self._answer, self._path):
            self._listening.set()
            await self._closing.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, folder = json.loads(await reader.readline())
        async with self._locks[kind]:
            if kind not in self._answers:
                self._answers[kind] = await self._start(kind, Path(folder))
        writer.write(pickle.dumps(self._answers[kind]))
        writer.close()
        await writer.wait_closed()

    async def _start(self, kind: str, folder: Path) -> object:
        """The handle, or why there is none: everybody who asks is told the same."""
        try:
            return await self._stack.enter_async_context(KINDS[kind](folder))
        except PenchantError as exc:
            return exc


@pytest.fixture(scope="session")
def share(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Share:
    """Returns the handle of the run's one server of a kind; raises PlatformLacks where there can be none."""
    path = pytestconfig.stash[SOCKET]

    def ask(kind: str) -> object:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(START_WITHIN_S)
            connection.connect(path)
            connection.sendall(json.dumps([kind, str(tmp_path_factory.mktemp(kind))]).encode() + b"\n")
            with connection.makefile("rb") as answer:
                found: object = pickle.loads(answer.read())  # noqa: S301 (from our own run)
        if isinstance(found, PenchantError):
            raise found
        return found

    return ask


def pytest_configure(config: pytest.Config) -> None:
    """Workers of xdist are told the socket; whoever has none holds the servers."""
    given = getattr(config, "workerinput", {})
    if "servers" in given:
        config.stash[SOCKET] = given["servers"]
        return
    folder = tempfile.TemporaryDirectory(prefix="penchant-tests-")
    config.add_cleanup(folder.cleanup)
    config.stash[SOCKET] = str(Path(folder.name, "servers"))
    keeper = Keeper(config.stash[SOCKET])
    keeper.open()
    config.add_cleanup(keeper.close)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist the socket."""
    node.workerinput["servers"] = node.config.stash[SOCKET]
