"""A worker as it is deployed: `penchant worker` in a process of its own, looked at from outside."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx
import orjson

from penchant.settings.root import Settings
from sandbox.servers.server import LOOPBACK, free_ports
from tests.e2e.shop import until


class WorkerProcess:
    """Started with `settings` and a health port of its own; killed at the end of the block if it still runs. With
    `workers` there are several, as one."""

    def __init__(self, folder: Path, settings: Settings, workers: int = 1) -> None:
        self._folder, self._workers = folder, workers
        self.port = free_ports(1 if workers == 1 else workers + 1)[0]
        self._settings = settings

    def configure(self, settings: Settings) -> None:
        """Write its settings file; a running worker reads it on SIGHUP."""
        values = settings.model_dump(mode="json", exclude_defaults=True, exclude={"health"})
        values["health"] = {"port": self.port, "bound_s": settings.health.bound_s}
        self.config.write_text(_toml(values))

    @property
    def config(self) -> Path:
        """Its settings file."""
        return self._folder / "penchant.toml"

    async def __aenter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.configure(self._settings)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PENCHANT_")}
        with (self._folder / "worker.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - milliseconds, in a test
                [sys.executable, "-m", "penchant.cli", "worker", "--config", self.config, f"--workers={self._workers}"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.kill()
        await asyncio.to_thread(self._process.wait, 10)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self, within_s: float = 30.0) -> int:
        """Its exit status; fails when it does not end in time."""
        return await asyncio.to_thread(self._process.wait, within_s)

    async def ready(self, within_s: float = 60.0) -> None:
        """Wait until it says that it is."""

        async def is_ready() -> bool:
            assert self._process.poll() is None, self.said()
            return (await self.get("/ready"))[0] == 200

        await until(is_ready, within_s)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of a page of its health endpoint; 0 when it does not answer."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                answer = await client.get(f"http://{LOOPBACK}:{self.port}{path}")
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text

    async def metric(self, name: str) -> float:
        """A sample's value by its full name with labels; 0 when there is none."""
        _, text = await self.get("/metrics")
        found = [line.rpartition(" ")[2] for line in text.splitlines() if line.rpartition(" ")[0] == name]
        return float(found[0]) if found else 0.0

    def said(self) -> str:
        """Its log so far."""
        return (self._folder / "worker.log").read_text(encoding="utf-8")

    def events(self) -> list[str]:
        """The names of what it logged."""
        return [line["event"] for line in self.lines()]

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, but for lines of others."""
        return [line for line in map(_line, self.said().splitlines()) if line]


def _line(text: str) -> dict[str, Any] | None:
    try:
        return dict(orjson.loads(text))
    except (orjson.JSONDecodeError, TypeError, ValueError):
        return None


def _toml(values: dict[str, Any]) -> str:
    """Sections as tables; lists of tables may be JSON as well, and stand before them."""
    lines = [
        f"{name} = {orjson.dumps(orjson.dumps(value).decode()).decode()}"
        for name, value in values.items()
        if isinstance(value, list)
    ]
    for section, entries in ((name, value) for name, value in values.items() if isinstance(value, dict)):
        lines += [f"[{section}]", *(f"{name} = {orjson.dumps(value).decode()}" for name, value in entries.items())]
    return "\n".join(lines) + "\n"
