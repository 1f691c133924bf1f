"""Environments: a virtual environment for each program of others, under run/peers, with pinned versions."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.offline.facts import ROOT

INSTALL_WITHIN_S = 600.0
TOLD = 600
"""Characters of a failed command's output that are passed on."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Holds what benchmarks/requirements/NAME.txt lists; what makes it is the first line of that. `whole` says that the
    file lists all there is, so that nothing else is looked for."""

    name: str
    whole: bool = False

    def program(self, name: str) -> Path:
        """A program of it, once it is installed."""
        return self._folder / "bin" / name

    @property
    def python(self) -> Path:
        """Its interpreter, once it is installed."""
        return self.program("python")

    def version(self) -> dict[str, str]:
        """The package that makes it, by its name."""
        package, _, number = self._requirements.read_text().splitlines()[0].partition("==")
        return {package.partition("[")[0]: number}

    async def install(self) -> str | None:
        """Make it unless it is there; returns why that cannot be done here, None when it can."""
        mark = self._folder / "installed.txt"
        if mark.exists() and mark.read_bytes() == self._requirements.read_bytes():
            return None
        options = ["--quiet", "--disable-pip-version-check", *(["--no-deps"] if self.whole else [])]
        pip = [str(self.python), "-m", "pip", "install", *options, "-r", str(self._requirements)]
        for command in ([sys.executable, "-m", "venv", "--clear", str(self._folder)], pip):
            status, _, said = await run(command, INSTALL_WITHIN_S)
            if status:
                python = f"{sys.version_info.major}.{sys.version_info.minor}"
                return f"not installable on Python {python}: {said[-TOLD:].strip()}"
        mark.write_bytes(self._requirements.read_bytes())
        return None

    @property
    def _folder(self) -> Path:
        return ROOT / "run" / "peers" / self.name

    @property
    def _requirements(self) -> Path:
        return ROOT / "benchmarks" / "requirements" / f"{self.name}.txt"


async def run(command: Sequence[str], within_s: float) -> tuple[int, str, str]:
    """Status, output and error output of a command, which is killed when it takes too long or we are cancelled."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(within_s):
            printed, said = await process.communicate()
    except TimeoutError:
        return 1, "", f"still running after {within_s:g} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, printed.decode(), said.decode()
