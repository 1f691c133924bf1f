"""Player: sends a timeline to Kafka, each event at its time."""

import asyncio
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol

from sandbox.shop.timeline import Timed
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from streams.events.formats.rows import BadRow

CHUNK = 256
"""Events read ahead, in a thread, for they may come from a file."""


class Sender(Protocol):
    """Where records go. `send` may wait while too many are under way; `flush` waits for all of them."""

    async def send(self, key: bytes | None, value: bytes) -> None: ...
    async def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Played:
    """What was sent: records, how many of them bad, by how many shoppers, and in how long."""

    sent: int
    bad: int
    shoppers: int
    seconds: float

    @property
    def events_per_second(self) -> float:
        """Records over the whole time."""
        return self.sent / self.seconds if self.seconds else 0.0


class Player:
    """Plays one timeline. It makes no task: whoever awaits `play` owns it, and may cancel it.

    `keep_times` sends event times as they are; otherwise they count from the beginning of playing. `watch` is told of
    each event that was sent.
    """

    def __init__(
        self, sender: Sender, *, keep_times: bool = False, watch: Callable[[ShopperEvent], None] = lambda _: None
    ) -> None:
        self._sender, self._keep_times, self._watch = sender, keep_times, watch
        self._stopped = asyncio.Event()
        self._began_s = self._ended_s = 0.0
        self._sent = self._bad = 0
        self._shoppers: set[str] = set()

    @property
    def played(self) -> Played:
        """So far."""
        until_s = self._ended_s or (_now_s() if self._began_s else 0.0)
        return Played(self._sent, self._bad, len(self._shoppers), until_s - self._began_s)

    def stop(self) -> None:
        """Let `play` send no more, wait for what is under way, and return."""
        self._stopped.set()

    async def play(self, timeline: Generator[Timed], seconds: float | None = None) -> None:
        """Play until the end, until `stop`, or for `seconds`; then wait until all of it is acknowledged.

        When sending is slower than the timeline, events are sent late, and in their order. Raises what the sender does.
        """
        self._began_s = _now_s()
        began_ms = 0 if self._keep_times else time.time_ns() // 1_000_000
        try:
            while not self._over(seconds) and (chunk := await _next_of(timeline)):
                await self._play(chunk, began_ms, seconds)
            await self._sender.flush()
        finally:
            timeline.close()
            self._ended_s = _now_s()

    async def _play(self, chunk: Sequence[Timed], began_ms: int, seconds: float | None) -> None:
        for at_s, event in chunk:
            await self._wait_until(at_s if seconds is None else min(at_s, seconds))
            if self._over(seconds):
                return
            await self._send(event, began_ms)

    async def _send(self, event: ShopperEvent | BadRow, began_ms: int) -> None:
        if isinstance(event, BadRow):
            await self._sender.send(event.key, event.value)
            self._bad += 1
        else:
            stamped = replace(event, time_ms=began_ms + event.time_ms)
            await self._sender.send(event.shopper_id.encode(), encode(stamped))
            self._shoppers.add(event.shopper_id)
            self._watch(stamped)
        self._sent += 1

    async def _wait_until(self, at_s: float) -> None:
        """Wait for that time since the beginning, or for `stop`."""
        if (wait_s := self._began_s + at_s - _now_s()) > 0:
            try:
                async with asyncio.timeout(wait_s):
                    await self._stopped.wait()
            except TimeoutError:
                return

    def _over(self, seconds: float | None) -> bool:
        return self._stopped.is_set() or (seconds is not None and _now_s() >= self._began_s + seconds)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _next_of(timeline: Generator[Timed]) -> Sequence[Timed]:
    """Read on in a thread. When cancelled, wait for the thread: nobody may close the timeline under it."""
    reading = asyncio.get_running_loop().run_in_executor(None, lambda: list(islice(timeline, CHUNK)))
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        await asyncio.wait([reading])
        raise
