"""penchant worker: the service itself."""

import asyncio
import contextlib

import structlog

from agents.meter import Meter
from penchant.app import worker as running_worker
from penchant.cli.options import Config
from penchant.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from penchant.signals import stop_signals

REPORT_S = 30.0
"""How often a worker says in the log what it has done."""

log = structlog.get_logger()


def worker(*, config: Config = None) -> None:
    """Consume shopper events from Kafka, ask the model, and write intents to Redis, until SIGTERM or Ctrl-C.

    Start as many as the topic has partitions; they share them as one consumer group. The first signal drains and
    commits within a few seconds and exits with 0, the second exits at once; neither loses anything.

    Example: PENCHANT_KAFKA__BOOTSTRAP=kafka:9092 PENCHANT_REDIS__URL=redis://redis:6379/0 penchant worker
    """
    settings = load_settings(config).settings
    configure_logs(settings.log.level, settings.log.format)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    with stop_signals() as asked:
        async with running_worker(settings) as running:
            log.info("worker.started", topic=settings.kafka.topic, group=settings.kafka.group, model=running.model)
            while not asked.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(REPORT_S):
                        await asked.wait()
                _report(running.meter)
            log.info("worker.stopping")
    log.info("worker.stopped")


def _report(meter: Meter) -> None:
    log.info(
        "worker.progress",
        events=meter.events,
        calls=meter.calls,
        intents=meter.intents,
        rules_intents=meter.rules_intents,
        dead_letters=meter.dead_letters,
        in_flight=meter.in_flight,
        freshness_ms=meter.percentiles(),
    )
