"""A worker that is meant to be killed; `python -m benchmarks.recorded_worker TAPE DELAY_S SETTINGS` is its process."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.instant_model import InstantModel
from benchmarks.progress_file import Playback, Tape
from penchant.process.collector import CollectorRules, collect
from penchant.process.logs import configure_logs
from penchant.process.signals import stop_signals
from penchant.settings.root import Settings
from penchant.worker.app import Worker, worker
from sandbox.servers.server import Server

LOOK_S = 0.02


class TapedWorker(Server):
    """A worker in a process of its own, which tells a tape what it does. `kill` is a real `kill -9`."""

    port_count = 0

    def __init__(self, folder: Path, number: int, settings: Mapping[str, Any], delay_s: float) -> None:
        self.name = f"worker-{number}"
        super().__init__(folder)
        self._tape = folder / f"{self.name}.tape"
        self._settings, self._delay_s = settings, delay_s
        self.playback = Playback(self._tape)

    def command(self) -> Sequence[str]:
        """This module."""
        settings = orjson.dumps(self._settings).decode()
        return [sys.executable, "-m", "benchmarks.recorded_worker", str(self._tape), str(self._delay_s), settings]

    async def healthy(self) -> bool:
        """It is under way; when it has its partitions is what is measured."""
        return self.pid is not None

    def describe(self) -> str:
        """What it is."""
        return "penchant worker, instant model"


async def _run(tape: Tape, delay_s: float, settings: Settings) -> None:
    model = InstantModel(delay_s, tape.began, tape.ended)
    with stop_signals() as asked:
        async with worker(settings, model) as running, asyncio.TaskGroup() as tasks:
            beside = [
                tasks.create_task(collect(quiet=lambda: not running.backlog.waiting(), rules=CollectorRules())),
                tasks.create_task(_tell(running, tape)),
            ]
            await asked.wait()
            for task in beside:
                task.cancel()


async def _tell(running: Worker, tape: Tape) -> None:
    while True:
        partitions = running.enrichment.partitions.values()
        received = {each.number: each.ledger.next_offset for each in partitions if each.ledger.next_offset is not None}
        uncovered = sum(each.ledger.span() for each in partitions)
        if partitions:
            tape.state(received, uncovered, running.meter.intents)
        await asyncio.sleep(LOOK_S)


def main() -> None:
    """Serve until stopped or killed."""
    tape, delay_s, settings = sys.argv[1:]
    configure_logs("warning")
    asyncio.run(_run(Tape(Path(tape)), float(delay_s), Settings.model_validate_json(settings)))


if __name__ == "__main__":
    main()
