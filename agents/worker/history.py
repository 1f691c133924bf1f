"""History: every intent that became readable, in Kafka too: each shopper's current one, and all there ever were."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from agents.health.statistics import Meter
from agents.worker.boundary import judge
from storage.checkpoints import Verdict, Write
from storage.gather import Writer
from streams.cancellation import strays_as_faults
from streams.errors import ContractMismatch
from streams.records.history import Readable

AGAIN_S = 0.25
WITHIN_S = 5.0
"""How long Kafka may refuse before an intent is left out, and counted: rankers have it, and what waits must go on."""

log = structlog.get_logger()


class IntentLog(Protocol):
    """The port to the topics; see penchant/worker/history.py. Raises BrokerUnavailable; ContractMismatch when Kafka
    never will take it."""

    async def append(self, readable: Readable) -> None: ...


class PublishingWriter:
    """A writer whose accepted intents are appended too, before what they cover counts as covered."""

    def __init__(self, writer: Writer, intents: IntentLog, clock_ms: Callable[[], int], meter: Meter) -> None:
        self._writer, self._intents, self._clock_ms, self._meter = writer, intents, clock_ms, meter
        self._away = False

    async def write(self, write: Write) -> Verdict:
        """Write; then append, if it is an intent that was accepted."""
        verdict = await self._writer.write(write)
        if verdict is Verdict.ACCEPTED and write.intent is not None:
            await self._append(Readable(write.intent, self._clock_ms(), write.intent_expires_at_ms))
        return verdict

    async def _append(self, readable: Readable) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + WITHIN_S
        while True:
            try:
                with strays_as_faults():
                    await self._intents.append(readable)
            except ContractMismatch as error:
                self._miss(error)
                return
            except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
                judge(error, "history", self._meter)
                if loop.time() >= until_s:
                    self._miss(error)
                    return
                await asyncio.sleep(AGAIN_S)
            else:
                self._note(None)
                return

    def _miss(self, error: Exception) -> None:
        self._meter.history_missed += 1
        self._note(error)

    def _note(self, error: Exception | None) -> None:
        if error is not None and not self._away:
            log.warning("history.away", error=str(error), then="intents are missing there, and counted")
        if error is None and self._away:
            log.info("history.back")
        self._away = error is not None
