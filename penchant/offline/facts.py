"""Facts: on what, with what and at which commit a benchmark was run."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from penchant import __version__

ROOT = Path(__file__).parents[2]
"""The checkout."""

PACKAGES = ("faust-streaming", "aiokafka", "msgspec", "orjson", "pydantic", "redis", "hiredis", "penchant-native")
GIT_WITHIN_S = 10.0


def facts(bench: str, *, quick: bool, components: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What every report begins with. `components` names whatever else took part, with its version."""
    return {
        "bench": bench,
        "quick": quick,
        "machine": machine(),
        "versions": versions(PACKAGES) | dict(components or {}),
        "commit": commit(),
    }


def machine() -> dict[str, Any]:
    """Processor, cores that we may use, memory, system, and how busy the machine is already."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": _processor(),
        "cores": len(cores()),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[0], 2),
    }


def cores() -> set[int]:
    """The cores that we may use; all of them where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Ours, Python's, and those of the packages that are installed."""
    found = {"penchant": __version__, "python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit of the checkout, with `+changes` where tracked files differ from it; `unknown` without git."""
    git = shutil.which("git")
    head = _git(git, "rev-parse", "--short=12", "HEAD") if git else ""
    if not git or not head:
        return "unknown"
    return f"{head}+changes" if _git(git, "status", "--porcelain", "--untracked-files=no") else head


def _git(git: str, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 (our own command line)
        [git, *words], check=False, cwd=ROOT, capture_output=True, text=True, timeout=GIT_WITHIN_S
    )
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
