"""Workers as processes of their own, the way they are deployed, so that signals hit them as they would."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.shop import until


class WorkerProcess:
    """`penchant worker` with a settings file; its log is in the folder. `module` is what runs: a version of it."""

    def __init__(
        self, name: str, folder: Path, settings: Path, environment: dict[str, str], module: str = "penchant.cli"
    ) -> None:
        self.name, self.log = name, folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "worker", "--config", str(settings)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
            )

    async def started(self) -> None:
        """Wait until it has joined; on a busy machine a start takes a while."""

        async def has_said_so() -> bool:
            return "worker.started" in self.log.read_text(encoding="utf-8")

        await until(has_said_so, within_s=90)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self._process.poll() is None:
            self._process.send_signal(number)

    @property
    def ended(self) -> int | None:
        """The exit status; None while it runs."""
        return self._process.poll()

    async def wait(self, within_s: float) -> int:
        """Wait for its end; killed when that does not come in time."""
        try:
            return await asyncio.to_thread(self._process.wait, within_s)
        except subprocess.TimeoutExpired:
            self.close()
            raise

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)
