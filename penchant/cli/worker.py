"""penchant worker: the service itself."""

import asyncio

from penchant.cli.options import Config
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from penchant.worker.service import serve


def worker(*, config: Config = None) -> None:
    """Consume shopper events from Kafka, ask the model, and write intents to Redis, until SIGTERM or Ctrl-C.

    Start as many as the topic has partitions; they share them as one consumer group. The first signal drains and
    commits within a few seconds and exits with 0, the second exits at once; neither loses anything. On SIGHUP it goes
    on with the model servers of the settings as they are then. With `health.port` set it answers /ready, /alive and
    /metrics.

    Example: PENCHANT_KAFKA__BOOTSTRAP=kafka:9092 PENCHANT_REDIS__URL=redis://redis:6379/0 penchant worker
    """
    settings = load_settings(config).settings
    configure_logs(settings.log.level, settings.log.format)
    asyncio.run(serve(settings, lambda: load_settings(config).settings))
