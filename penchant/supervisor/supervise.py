"""Supervise: start the workers of one host, keep them running, and end them in order."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from penchant.process.signals import reload_signal, stop_signals
from penchant.settings.root import Settings
from penchant.supervisor.numbering import numbered
from penchant.supervisor.pages import merged_endpoint
from penchant.supervisor.worker_process import WorkerProcess
from penchant.worker.service import STOP_WITHIN_S
from streams.errors import Stop

END_WITHIN_S = STOP_WITHIN_S + 3.0
"""When a worker is killed that was asked to end: by then it has ended itself, if it can."""

ENDED = 0, -signal.SIGTERM
"""Exit statuses of an end in order: one that is asked before it handles signals has begun nothing yet."""

log = structlog.get_logger()


async def supervise(settings: Settings, count: int, command: Sequence[str]) -> None:
    """Run so many workers until SIGTERM or Ctrl-C; each is `command` with its number behind it. SIGHUP goes to all.

    All end together: asked at once, each within its own bound. SettingInvalid when one cannot run with its settings,
    Stop when one did not end in order.
    """
    numbered(settings, count)  # a port that is none is told before any begins
    workers = [WorkerProcess(number, command) for number in range(1, count + 1)]
    with stop_signals() as asked, reload_signal() as reload:
        async with merged_endpoint(settings.health, workers):
            try:
                await _keep(workers, asked, reload)
            finally:
                log.info("workers.stopping", workers=count, within_s=END_WITHIN_S)
                statuses = await asyncio.gather(*(worker.stop(END_WITHIN_S) for worker in workers))
    if failed := [worker.number for worker, status in zip(workers, statuses, strict=True) if status not in ENDED]:
        raise Stop(f"not ended in order: worker {', '.join(map(str, failed))}", "its log says why; nothing is lost")
    log.info("workers.stopped")


async def _keep(workers: Sequence[WorkerProcess], asked: asyncio.Event, reload: asyncio.Event) -> None:
    """Until it is asked to stop, or one of them cannot run."""
    async with asyncio.TaskGroup() as tasks:
        keeping = [tasks.create_task(worker.run()) for worker in workers]
        keeping.append(tasks.create_task(_hand_on(reload, workers)))
        await asked.wait()
        for task in keeping:
            task.cancel()


async def _hand_on(reload: asyncio.Event, workers: Sequence[WorkerProcess]) -> None:
    while True:
        await reload.wait()
        reload.clear()
        for worker in workers:
            worker.send(signal.SIGHUP)
