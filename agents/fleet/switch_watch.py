"""Switch watch: once a second a worker says how it is, and hears which switches operators have thrown."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import orjson
import structlog

from agents.fleet.switches import Switches, SwitchState, load
from storage.fleet import FleetStore, Seen
from streams.errors import StoreUnavailable

EVERY_S = 1.0
ALIVE_MS = 10_000
"""A worker whose last heartbeat is older than this is gone."""

log = structlog.get_logger()


class SwitchWatch:
    """Keeps the switch state. `heartbeat` tells how the worker is, as plain values."""

    def __init__(
        self,
        store: FleetStore,
        switch_state: SwitchState,
        worker: str,
        heartbeat: Callable[[], Mapping[str, Any]],
        clock_ms: Callable[[], int],
    ) -> None:
        self._store, self._switch_state, self._worker = store, switch_state, worker
        self._heartbeat, self._clock_ms = heartbeat, clock_ms

    async def run(self) -> None:
        """Look until cancelled; then leave the fleet."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(EVERY_S)
        finally:
            await self._leave()

    async def look(self) -> None:
        """Look once. While Redis is away, what is known stays."""
        told = dict(self._heartbeat()) | {"at_ms": self._clock_ms()}
        try:
            seen = await self._store.beat(self._worker, orjson.dumps(told))
            switches = load(seen.switches)
        except (StoreUnavailable, ValueError) as error:
            log.debug("switches.unknown", error=str(error))
            return
        self._note(switches)
        self._switch_state.now, self._switch_state.workers = switches, len(living(seen, self._clock_ms()))

    def _note(self, switches: Switches) -> None:
        before = self._switch_state.now.thrown
        for name, thrown in switches.thrown.items():
            if before.get(name) != thrown:
                log.warning("switch.thrown", switch=name, value=thrown.value, who=thrown.who)
        for name in before.keys() - switches.thrown.keys():
            log.info("switch.back", switch=name)

    async def _leave(self) -> None:
        try:
            await self._store.bury([self._worker])
        except StoreUnavailable as error:
            log.debug("fleet.not_left", error=str(error), then="its heartbeat grows old")


def living(seen: Seen, now_ms: int) -> dict[str, dict[str, Any]]:
    """The workers that were heard of lately, with what they said."""
    beats = {name: orjson.loads(told) for name, told in seen.beats.items()}
    return {name: told for name, told in beats.items() if told["at_ms"] > now_ms - ALIVE_MS}
