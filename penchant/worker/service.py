"""Service: a worker as a process, which starts, tells of itself, and ends in order when it is asked to."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator

import structlog

from agents.fleet.judge import ExperimentNotice
from agents.health.probes import Health
from agents.worker.instruments import Instruments
from clients.pools.registry import Notice
from penchant.process.collector import CollectorRules, collect
from penchant.process.signals import reload_signal, stop_signals
from penchant.settings import operation
from penchant.settings.root import Settings
from penchant.telemetry.alerts import Alerts
from penchant.telemetry.cordon import Cordon
from penchant.telemetry.health_server import endpoint
from penchant.telemetry.metrics.exposition import exposition
from penchant.worker.app import Worker, worker
from streams.errors import SettingInvalid, Stop
from streams.events.native_reader import decoder_name

REPORT_S = 30.0
"""How often a worker says in the log what it has done."""

STOP_WITHIN_S = 20.0
"""How long an orderly end may take: draining takes at most 5 s, the last commit as long, and Kafka may be away."""

log = structlog.get_logger()


async def serve(settings: Settings, load: Callable[[], Settings]) -> None:
    """Run a worker until SIGTERM or Ctrl-C; raises what breaks. On SIGHUP it takes up the pools of what `load` gives.

    The health endpoint is there first and last: a worker that waits for its servers answers probes.
    """
    instruments = Instruments(Health(settings.health.bound_s, time.monotonic()))
    with stop_signals() as asked, reload_signal() as reload:
        async with endpoint(settings.health, instruments.health, exposition(instruments)), asyncio.TaskGroup() as tasks:
            working = tasks.create_task(_work(settings, instruments, load, reload))
            stopping = tasks.create_task(_stop(working, asked))
            await asyncio.wait({working})
            stopping.cancel()
            if working.cancelled() and not asked.is_set():  # a task group takes that for an orderly end
                raise Stop("the worker was cancelled from within", "see the log for what cancelled it; start again")
    log.info("worker.stopped")


async def _work(
    settings: Settings, instruments: Instruments, load: Callable[[], Settings], reload: asyncio.Event
) -> None:
    told = list(_told(settings.alerts))

    def notify(notice: Notice | ExperimentNotice) -> None:
        for each in told:
            each.tell(notice)

    async with worker(settings, instruments=instruments, notify=notify) as running, asyncio.TaskGroup() as tasks:
        log.info(
            "worker.started",
            topic=settings.kafka.topic,
            group=settings.kafka.group,
            model=running.model,
            decoder=decoder_name(),
        )
        tasks.create_task(collect(CollectorRules(), lambda: not running.backlog.waiting()))
        tasks.create_task(_report(running))
        for each in told:
            tasks.create_task(each.run())
        tasks.create_task(take_up(running, load, reload))


def _told(settings: operation.Alerts) -> Iterator[Alerts | Cordon]:
    """Who is told what becomes of model servers and experiments."""
    if settings.url is not None:
        yield Alerts(settings.url.get_secret_value())
    if settings.command:
        yield Cordon(settings.command, settings.command_after_s)


async def take_up(running: Worker, load: Callable[[], Settings], asked: asyncio.Event) -> None:
    """Until cancelled: when it is asked for, load the settings and go on with their model servers. Wrong ones change
    nothing."""
    while True:
        await asked.wait()
        asked.clear()
        try:
            await running.take_up(await asyncio.to_thread(load))
        except SettingInvalid as error:
            log.warning("settings.refused", error=str(error), then="what was in force stays")
        else:
            log.info("settings.taken_up", replicas=[replica.name for replica in running.pools.replicas])


async def _stop(working: asyncio.Task[None], asked: asyncio.Event) -> None:
    await asked.wait()
    log.info("worker.stopping", within_s=STOP_WITHIN_S)
    working.cancel()
    await asyncio.wait({working}, timeout=STOP_WITHIN_S)
    if not working.done():
        log.error("worker.stuck", then="it ends at once; what is not committed is read again")
        os._exit(1)


async def _report(running: Worker) -> None:
    while True:
        await asyncio.sleep(REPORT_S)
        _tell(running)


def _tell(running: Worker) -> None:
    meter, vitals = running.meter, running.instruments.health.vitals
    log.info(
        "worker.progress",
        events=meter.events,
        calls=meter.calls,
        intents=meter.intents,
        rules_intents=meter.rules_intents,
        rules_first=meter.rules_first,
        expired=meter.expired,
        dead_letters=meter.dead_letters,
        in_flight=meter.in_flight,
        owed=len(running.backlog),
        sessions=vitals.held.sessions if vitals else 0,
        freshness_ms=meter.percentiles(),
        in_time_for_next=meter.in_time_for_next(),
        model_freshness_ms=meter.model_percentiles(),
        loop_lag_ms=running.instruments.loop_lag.percentiles_ms(),
    )
