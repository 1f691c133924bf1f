"""Demand: what the fleet's calls were in the last fortnight, and what they will be."""

from collections.abc import Callable

from agents.fleet.forecast import KEPT, Forecast, forecast, slot_of
from storage.fleet import FleetStore


class Demand:
    """One for a worker. It adds its own calls to all workers' once in five minutes, and forecasts from the sum; what it
    counted while it cannot be added, or since then when it ends, is added later, or lost.

    `calls` says how many it has begun since its start.
    """

    def __init__(self, calls: Callable[[], int]) -> None:
        self._calls = calls
        self._slot: int | None = None
        self._added = 0
        self.forecast: Forecast | None = None

    async def note(self, store: FleetStore, at_s: float) -> None:
        """It is now `at_s` (epoch) by the store's clock. Raises StoreUnavailable."""
        slot = slot_of(at_s)
        if slot == self._slot:
            return
        made = self._calls()
        history = await store.demand(slot if self._slot is None else self._slot, made - self._added, slot - KEPT)
        self._slot, self._added = slot, made
        self.forecast = forecast(history, slot)
