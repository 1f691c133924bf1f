"""promtool: Prometheus' own checker of rules, from the PATH, or out of Debian's package, fetched once."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SKIPPED = "NO PROMTOOL: "


@pytest.fixture(scope="session")
def promtool() -> str:
    """The command; without one the test is skipped, loudly."""
    if found := shutil.which("promtool"):
        return found
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penchant" / "promtool"
    program = folder / "usr" / "bin" / "promtool"
    if not program.exists() and (why := _fetch(folder)):
        pytest.skip(f"{SKIPPED}{why}")
    return str(program)


def _fetch(folder: Path) -> str:
    """Unpack Debian's package of Prometheus there, and install nothing; why that cannot be done, else nothing."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "install prometheus, which brings it"
    folder.mkdir(parents=True, exist_ok=True)
    for command in (["apt-get", "download", "prometheus"], ["sh", "-c", "dpkg -x prometheus_*.deb ."]):
        ended = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=240)
        if ended.returncode:
            return ended.stderr[-300:]
    return ""
