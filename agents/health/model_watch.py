"""Model watch: whether a model is there that offers what the settings promise, and whether one that was away is back.

Calls tell that by themselves, but a worker without calls would never hear that its model has come back.
"""

import asyncio

import structlog

from agents.health.statistics import Meter
from clients.calls import ModelClient
from clients.limits.circuit_breaker import CircuitBreaker
from streams.errors import ContractMismatch, ModelUnavailable

EVERY_S = 5.0
CALLS_FAIL = "calls fail"

log = structlog.get_logger()


class ModelWatch:
    """`found` is one line on the model, None until it has answered once; `away` tells why it counts as away."""

    def __init__(self, model: ModelClient, circuit_breaker: CircuitBreaker, meter: Meter) -> None:
        self._model, self._circuit_breaker, self._meter = model, circuit_breaker, meter
        self._failures = 0
        self._why = "it has not been asked yet"
        self.found: str | None = None

    @property
    def away(self) -> str | None:
        """Why it counts as away, None when it does not."""
        return self._why if self._circuit_breaker.away or self.found is None else None

    async def begin(self) -> None:
        """Ask once. A model that is away stops nothing, for the rules stand in; ContractMismatch is raised."""
        if not await self._ask():
            self._circuit_breaker.trip(asyncio.get_running_loop().time())
            log.warning("model.away", error=self._why, then="rules intents stand in until it is there")

    async def run(self, every_s: float = EVERY_S) -> None:
        """Until cancelled: ask a model that is away whether it is back, unless calls do so already.

        ContractMismatch is raised by the first answer ever. Later it is an outage: whoever deploys the wrong model
        must not stop all workers, which can go on without one.
        """
        while True:
            await asyncio.sleep(every_s)
            failures, self._failures = self._failures, self._meter.call_failures
            if self.away is None:
                self._why = CALLS_FAIL
            elif (self.found is None or failures == self._failures) and await self._ask():
                self._note_back()

    def _note_back(self) -> None:
        if self._circuit_breaker.succeeded():
            log.info("model.back", then="the intents that rules stood in for are made anew")

    async def _ask(self) -> bool:
        try:
            self.found = await self._model.probe()
        except ModelUnavailable as error:
            self._why = str(error)
        except ContractMismatch as error:
            if self.found is None:
                raise
            self._why = str(error)
        else:
            self._why = CALLS_FAIL
            return True
        return False
