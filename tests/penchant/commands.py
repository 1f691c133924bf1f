"""`penchant` commands as processes of their own, with settings by environment variables."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    status: int | None
    out: str
    err: str

    @property
    def report(self) -> Any:
        """Its JSON object, the last line on stdout."""
        return orjson.loads(self.out.splitlines()[-1])


class Command:
    """A command that runs. As a context manager it is never left running."""

    def __init__(self, folder: Path, variables: Mapping[str, object], *arguments: str) -> None:
        self._folder, self._arguments = folder, arguments
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PENCHANT_")}
        self._environment = clean | {f"PENCHANT_{name}": str(value) for name, value in variables.items()}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "penchant.cli", *self._arguments),
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()

    def send(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self, within_s: float = 90.0) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(within_s):
            out, err = await self._process.communicate()
        return Ended(self._process.returncode, out.decode(), err.decode())


async def run(folder: Path, variables: Mapping[str, object], *arguments: str) -> Ended:
    """Run a command to its end."""
    async with Command(folder, variables, *arguments) as command:
        return await command.ended()
