"""Versions: workers and readers of this tree, and of the one that `make compat` has unpacked, as processes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[2]
BEFORE = ROOT / "run" / "compat"

Settings = Mapping[str, Mapping[str, Any]]

READ = """
import json, sys
from penchant_reader import IntentReader
url, namespace, *shoppers = sys.argv[1:]
with IntentReader(url, namespace=namespace, timeout_s=10) as reader:
    for each in reader.get_many(shoppers):
        told = {name: getattr(each, name) for name in ("missing", "failed", "position", "category", "brand", "source")}
        print(json.dumps(told))
"""
"""What both versions of the reader have."""


@dataclass(frozen=True, slots=True)
class Version:
    """A tree of sources. Both run in this environment, so it is our code that differs, and no library."""

    name: str
    tree: Path

    @asynccontextmanager
    async def working(self, folder: Path, settings: Settings) -> AsyncIterator[None]:
        """A worker, until the end of the block, where it has to end in order."""
        with self._started(folder, settings) as (process, log):
            yield
            assert process.poll() is None, log.read_text()
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 60) == 0, log.read_text()

    async def stopping(self, folder: Path, settings: Settings) -> str:
        """The log of a worker that ends by itself."""
        with self._started(folder, settings) as (process, log):
            assert await asyncio.to_thread(process.wait, 90) == 1, log.read_text()
            return log.read_text()

    @contextmanager
    def _started(self, folder: Path, settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        """`penchant worker` of this version, and its log; nothing of it is left after the block."""
        folder.mkdir(parents=True, exist_ok=True)
        config, log = folder / "penchant.toml", folder / f"{self.name}.log"
        config.write_text("".join(_table(name, values) for name, values in settings.items()))
        command = [sys.executable, "-m", "penchant.cli", "worker", "--config", str(config)]
        with log.open("ab") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env=self._environment(), cwd=folder)
        try:
            yield process, log
        finally:
            process.kill()
            process.wait(60)

    async def read(self, url: str, namespace: str, *shoppers: str) -> list[dict[str, Any]]:
        """What its reader has of each shopper."""
        ended = await asyncio.create_subprocess_exec(
            sys.executable, "-c", READ, url, namespace, *shoppers, env=self._environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(60):
            out, err = await ended.communicate()
        assert ended.returncode == 0, err.decode()
        return [orjson.loads(line) for line in out.splitlines()]

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PENCHANT_")}
        return clean | {"PYTHONPATH": os.pathsep.join([str(self.tree), str(self.tree / "readers" / "python" / "src")])}


NOW, THEN = Version("now", ROOT), Version("then", BEFORE)


def _table(name: str, values: Mapping[str, Any]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {orjson.dumps(value).decode()}\n" for key, value in values.items())
