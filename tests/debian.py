"""Programs out of Debian's packages, fetched once into the user's cache and installed nowhere."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

FETCH_WITHIN_S = 240
LIBRARIES = Path("usr/lib/x86_64-linux-gnu")


def debian_program(name: str, packages: Sequence[str]) -> Path:
    """The one on the PATH, or else that of the first of these packages; the others hold its libraries, in the folder
    that `debian_environment` names. Where neither is to be had, the test is skipped, loudly."""
    if found := shutil.which(name):
        return Path(found)
    folder = _folder(name)
    program = folder / "usr" / "bin" / name
    if not program.exists() and (why := _fetch(folder, packages)):
        pytest.skip(f"NO {name.upper()}: {why}")
    return program


def debian_environment(name: str) -> dict[str, str]:
    """An environment in which it finds its libraries."""
    paths = [str(_folder(name) / LIBRARIES), os.environ.get("LD_LIBRARY_PATH", "")]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, paths))}


def _folder(name: str) -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penchant" / name


def _fetch(folder: Path, packages: Sequence[str]) -> str:
    """Unpack them there, and install nothing; why that cannot be done, else nothing."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return f"install {packages[0]}, which brings it"
    folder.mkdir(parents=True, exist_ok=True)
    unpack = ["sh", "-c", "for file in *.deb; do dpkg -x $file . || exit 1; done"]
    for command in (["apt-get", "download", *packages], unpack):
        ended = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=FETCH_WITHIN_S)
        if ended.returncode:
            return ended.stderr[-300:]
    return ""
