"""A worker that is meant to be killed.

`python -m benchmarks.recorded_worker FILE DELAY_S CORE SETTINGS` is its process. It keeps to CORE (empty: to
any), which the servers leave to it: they are on others.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.instant_model import InstantModel
from benchmarks.progress_file import ProgressFile, ProgressReader
from penchant.process.collector import CollectorRules, collect
from penchant.process.logs import configure_logs
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from sandbox.servers.server import Server

LOOK_S = 0.02


class RecordedWorker(Server):
    """A worker in a process of its own, which writes what it does into a progress file. `kill` is a real `kill -9`."""

    port_count = 0
    stop_within_s = 20.0

    def __init__(self, folder: Path, number: int, settings: Mapping[str, Any], delay_s: float, core: str) -> None:
        self.name = f"worker-{number}"
        super().__init__(folder)
        self._progress_file = folder / f"{self.name}.tape"
        self._settings, self._delay_s, self._core = settings, delay_s, core
        self.progress = ProgressReader(self._progress_file)

    def command(self) -> Sequence[str]:
        """This module."""
        settings = orjson.dumps(self._settings).decode()
        return [
            sys.executable,
            "-m",
            "benchmarks.recorded_worker",
            str(self._progress_file),
            str(self._delay_s),
            self._core,
            settings,
        ]

    async def healthy(self) -> bool:
        """It is under way; when it has its partitions is what is measured."""
        return self.pid is not None

    def describe(self) -> str:
        """What it is."""
        return "penchant worker, instant model"


async def _run(progress_file: ProgressFile, delay_s: float, settings: Settings) -> None:
    model = InstantModel(delay_s, progress_file.began, progress_file.ended)
    with stop_signals() as asked:
        async with asyncio.TaskGroup() as tasks:
            async with worker(settings, model) as running:
                beside = [
                    tasks.create_task(collect(quiet=lambda: not running.backlog.waiting(), rules=CollectorRules())),
                    tasks.create_task(_tell(running, progress_file)),
                ]
                await asked.wait()
            for task in beside:  # they tell until the last partition is given up
                task.cancel()


async def _tell(running: Worker, progress_file: ProgressFile) -> None:
    while True:
        partitions = running.enrichment.partitions.values()
        received = {each.number: each.ledger.next_offset for each in partitions if each.ledger.next_offset is not None}
        uncovered = sum(each.ledger.span() for each in partitions)
        if partitions:
            progress_file.state(received, uncovered, running.meter.intents)
        await asyncio.sleep(LOOK_S)


def main() -> None:
    """Serve until stopped or killed."""
    progress_file, delay_s, core, settings = sys.argv[1:]
    if core:
        os.sched_setaffinity(0, {int(core)})
    configure_logs("warning")
    asyncio.run(_run(ProgressFile(Path(progress_file)), float(delay_s), Settings.model_validate_json(settings)))


if __name__ == "__main__":
    main()
