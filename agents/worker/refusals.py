"""Refusals: records that are no events go to the dead-letter topic; they hold the commit, and may stop the worker."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from agents.health.statistics import Meter
from agents.worker.partition import Partition
from streams.errors import BrokerUnavailable
from streams.events.decoding import Refusal
from streams.records.dead_letters import OURS, DeadLetter, LimitRules, RefusalWindow
from streams.sessions.ledger import Ticket

RETRY_S = 0.5


class DeadLetterSender(Protocol):
    """The port to the dead-letter topic. Returns when the broker has acknowledged; raises BrokerUnavailable."""

    async def send(self, letters: Sequence[DeadLetter]) -> None: ...


class Refusals:
    """Sends dead letters in the order of the log and settles them once acknowledged and past the limit's window.

    `away` tells why the dead-letter topic does not take them, None when it does.
    """

    def __init__(self, sender: DeadLetterSender, rules: LimitRules, meter: Meter) -> None:
        self._sender, self._meter = sender, meter
        self._window = RefusalWindow(rules)
        self.away: str | None = None

    def count(self, accepted: int, refused: int, now_s: float) -> None:
        """Count a slice against the limit; raises DeadLetterLimit."""
        self._window.count(accepted, refused, now_s)

    async def send(self, partition: Partition, topic: str, refused: Sequence[tuple[Refusal, Ticket]]) -> None:
        """Send until acknowledged, or until the partition is no longer ours."""
        letters = [_letter(topic, partition.number, refusal) for refusal, _ in refused]
        while not partition.ended:
            try:
                await self._sender.send(letters)
            except BrokerUnavailable as error:
                self.away = str(error)
                await asyncio.sleep(RETRY_S)
                continue
            self.away = None
            self._meter.count_dead_letters(letter.reason for letter in letters)
            now_s = asyncio.get_running_loop().time()
            for _, ticket in refused:
                self._window.hold(ticket, now_s)
            return
        self.away = None  # nobody here waits for it any more

    def settle(self, now_s: float) -> None:
        """Settle what was acknowledged a window ago."""
        self._window.settle(now_s)


def _letter(topic: str, partition: int, refusal: Refusal) -> DeadLetter:
    record = refusal.record
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=refusal.offset,
        key=record.key,
        value=record.value,
        reason=refusal.reason,
        path=refusal.path,
        detail=refusal.detail,
        timestamp_ms=record.timestamp if record.timestamp >= 0 else None,
        own_headers=[header for header in record.headers if not header[0].startswith(OURS)],
    )
