"""Systems: those that the ingest benchmark compares, each a script in benchmarks/ with an environment of its own."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from penchant.offline.facts import ROOT
from streams.errors import PlatformLacks

FOLDER = ROOT / "benchmarks"
INSTALL_WITHIN_S = 300.0
RUN_WITHIN_S = 1_200.0
TOLD = 600
"""Characters of a failed command's output that are passed on."""


@dataclass(frozen=True, slots=True)
class System:
    """`requirements` names a file in benchmarks/requirements; without one a system runs in our own environment."""

    name: str
    script: str
    requirements: str = ""

    @property
    def python(self) -> Path:
        """The interpreter to run it with."""
        return _environment(self.requirements) / "bin" / "python" if self.requirements else Path(sys.executable)


OURS = System("penchant_decode_fold", "peers/penchant_batches.py")
OTHERS = (
    System("plain_faust", "peers/plain_faust.py"),
    System("quix", "peers/quix.py", "quix.txt"),
    System("bytewax", "peers/bytewax_flow.py", "bytewax.txt"),
)


async def install(system: System) -> str | None:
    """Make the system's environment unless it is there; returns why that cannot be done here, None when it can."""
    if not system.requirements:
        return None
    wanted, folder = FOLDER / "requirements" / system.requirements, _environment(system.requirements)
    mark = folder / "installed.txt"
    if mark.exists() and mark.read_bytes() == wanted.read_bytes():
        return None
    pip = [str(system.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
    for command in ([sys.executable, "-m", "venv", "--clear", str(folder)], pip):
        status, _, said = await run(command, INSTALL_WITHIN_S)
        if status:
            return (
                f"not installable on Python {sys.version_info.major}.{sys.version_info.minor}: {said[-TOLD:].strip()}"
            )
    mark.write_bytes(wanted.read_bytes())
    return None


def version(system: System) -> dict[str, str]:
    """The package that makes the system, by its name: the first of its requirements."""
    wanted = (FOLDER / "requirements" / system.requirements).read_text()
    package, _, number = wanted.splitlines()[0].partition("==")
    return {package: number}


async def measure(command: Sequence[str]) -> dict[str, Any]:
    """Run a command and return the JSON object of its last line; PlatformLacks with what it said when it fails."""
    status, printed, said = await run(command, RUN_WITHIN_S)
    lines = printed.splitlines()
    if status or not lines:
        raise PlatformLacks(f"{' '.join(command)} failed with status {status}: {said[-TOLD:].strip()}")
    figures: dict[str, Any] = orjson.loads(lines[-1])
    return figures


def checkout() -> Path:
    """The folder of the scripts; PlatformLacks where Penchant was installed without them."""
    if not FOLDER.is_dir():
        raise PlatformLacks(
            "benchmarks/ is not beside the package", "run it from a checkout: git clone, then make setup"
        )
    return FOLDER


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


def _environment(requirements: str) -> Path:
    return FOLDER / f".venv-{Path(requirements).stem}"
