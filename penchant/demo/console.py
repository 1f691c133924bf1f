"""Console: the console beside a demonstration, as a process of its own."""

import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx

from penchant.settings.root import PREFIX
from sandbox.servers.server import LOOPBACK, Server
from streams.errors import PlatformLacks

LACKS = "no console: pip install 'penchant[http]'"


class ConsoleServer(Server):
    """`url` is where it is. All shoppers are simulated, or in a file of whoever looks: nothing is hidden from them."""

    name = "console"

    def __init__(self, run_folder: Path, config: Path) -> None:
        super().__init__(run_folder)
        self._config = config

    @property
    def url(self) -> str:
        """The first page."""
        return f"http://{LOOPBACK}:{self.ports[0]}"

    def command(self) -> Sequence[str]:
        """`penchant console` on the demonstration's settings."""
        given = ["--config", str(self._config), "--port", str(self.ports[0])]
        return [sys.executable, "-m", "penchant.cli", "console", *given]

    def environment(self) -> Mapping[str, str]:
        """Like the demonstration it takes no settings from there."""
        clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        return clean | {f"{PREFIX}HTTP__LOCAL_ROLES": "operator,privacy"}

    async def healthy(self) -> bool:
        """It serves its first page."""
        try:
            async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
                return (await client.get(self.url)).is_success
        except httpx.HTTPError:
            return False

    def describe(self) -> str:
        """What it is."""
        return "Penchant's console"


@asynccontextmanager
async def with_console(
    folder: Path, config: Path, announce: Callable[[str], None], *, wanted: bool
) -> AsyncIterator[str | None]:
    """The console's address, announced first; None where none is wanted or can be, which is announced too."""
    if not wanted:
        yield None
        return
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        announce(LACKS)
        yield None
        return
    server = ConsoleServer(folder, config)
    try:
        await server.start()
    except PlatformLacks as error:
        announce(f"no console: {error}")
        yield None
        return
    try:
        announce(f"Watch it in a browser: {server.url}")
        yield server.url
    finally:
        await server.stop()
