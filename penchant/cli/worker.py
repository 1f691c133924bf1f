"""penchant worker: the service itself."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import Config
from penchant.process.logs import configure_logs
from penchant.process.signals import stop_with_parent
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from penchant.supervisor.numbering import numbered, worker_count
from penchant.supervisor.supervise import supervise
from penchant.worker.service import serve

Workers = Annotated[
    str,
    typer.Option(
        "--workers",
        metavar="N|auto",
        help="How many workers, each a process of its own, under this one; auto: one for each core it may use.",
    ),
]
Number = Annotated[int | None, typer.Option("--number", min=1, hidden=True, help="Which of several this one is.")]


def worker(*, config: Config = None, workers: Workers = "1", number: Number = None) -> None:
    """Consume shopper events from Kafka, ask the model, and write intents to Redis, until SIGTERM or Ctrl-C.

    Start as many as the topic has partitions; they share them as one consumer group. The first signal drains and
    commits within a few seconds and exits with 0, the second exits at once; neither loses anything. On SIGHUP it goes
    on with the model servers of the settings as they are then. With `health.port` set it answers /ready, /alive and
    /metrics.

    With --workers, the Nth of them has `-N` behind its kafka.instance_id, the port N above health.port, and worker=N in
    its log lines; health.port itself answers for all. One that ends is started again.

    Examples:

      PENCHANT_KAFKA__BOOTSTRAP=kafka:9092 PENCHANT_REDIS__URL=redis://redis:6379/0 penchant worker

      penchant worker --workers auto
    """
    settings = load_settings(config).settings
    configure_logs(settings.log.level, settings.log.format, worker=number)
    if number is not None:
        stop_with_parent()
        _run(lambda: numbered(load_settings(config).settings, number))
    elif (count := worker_count(workers)) > 1:
        asyncio.run(supervise(settings, count, _command(config)))
    else:
        _run(lambda: load_settings(config).settings)


def _run(load: Callable[[], Settings]) -> None:
    asyncio.run(serve(load(), load))


def _command(config: Path | None) -> list[str]:
    """This command, as one of several is started."""
    named = [] if config is None else ["--config", str(config)]
    return [sys.executable, "-m", "penchant.cli", "worker", *named]
