"""Refusals: records that are no events go to the dead-letter topic; they hold the commit, and may stop the worker."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, Protocol

import structlog

from agents.health.statistics import Meter
from agents.worker.boundary import Verb, judge
from agents.worker.partition import Partition
from streams.cancellation import strays_as_faults
from streams.errors import BrokerUnavailable, PenchantError
from streams.events.decoding import Refusal
from streams.records.dead_letters import OURS, DeadLetter, LimitRules, RefusalWindow
from streams.sessions.ledger import Ticket

RETRY_S = 0.5

TRIES = 2
"""How often a letter that met a fault is sent as it is."""

BARE = "what the record held could not be sent; it stands at its origin"

log = structlog.get_logger()


class DeadLetterSender(Protocol):
    """The port to the dead-letter topic.

    It returns when the broker has the letters; those that it will never take are named by index, each with the cause.
    Raises BrokerUnavailable when trying again may help.
    """

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]: ...


@dataclass(frozen=True, slots=True)
class WaitRules:
    """How many letters, and how many bytes of their values, may wait for the dead-letter topic; `at_once` are sent
    together."""

    letters: int = 5_000
    size_bytes: int = 67_108_864
    at_once: int = 250


class _Waiting(NamedTuple):
    partition: Partition
    letter: DeadLetter
    ticket: Ticket

    @property
    def size_bytes(self) -> int:
        """What it keeps in memory, but for a little."""
        return len(self.letter.value or b"")


class Refusals:
    """Dead letters wait here, and go out in the order in which they came while `run` does.

    Each holds the commit until it is acknowledged and the limit's window has passed. Wait for `room` before adding
    some. `away` says why the topic does not take them, None when it does.

    After a fault letters go alone, so that none holds up the others; after more faults without what the record held.
    When not even that can be sent, the fault is no single letter's, and letters wait as for a broker that is away.
    """

    def __init__(
        self, sender: DeadLetterSender, limit: LimitRules, meter: Meter, wait: WaitRules | None = None
    ) -> None:
        self._sender, self._meter, self._wait = sender, meter, wait or WaitRules()
        self._window = RefusalWindow(limit)
        self._waiting: deque[_Waiting] = deque()
        self._size_bytes = self._faults = self._alone = 0
        self._added, self._taken = asyncio.Event(), asyncio.Event()
        self.away: str | None = None

    @property
    def waiting(self) -> int:
        """How many letters wait."""
        return len(self._waiting)

    def count(self, accepted: int, refused: int, now_s: float) -> None:
        """Count a slice against the limit; raises DeadLetterLimit."""
        self._window.count(accepted, refused, now_s)

    def add(self, partition: Partition, topic: str, refused: Sequence[tuple[Refusal, Ticket]]) -> None:
        """Put letters in line."""
        for refusal, ticket in refused:
            waiting = _Waiting(partition, self._letter(topic, partition.number, refusal), ticket)
            self._waiting.append(waiting)
            self._size_bytes += waiting.size_bytes
        self._added.set()

    async def room(self) -> None:
        """Wait until there is room; BrokerUnavailable when there is none while the topic takes nothing."""
        while self._full():
            if self.away is not None:
                raise BrokerUnavailable(self.away)
            self._taken.clear()
            await self._taken.wait()

    def settle(self, now_s: float) -> None:
        """Settle what was acknowledged a window ago."""
        self._window.settle(now_s)

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        wait_s = 0.0
        while True:
            self._added.clear()
            some = list(islice(self._waiting, 1 if self._alone else self._wait.at_once))
            try:
                with strays_as_faults():
                    await asyncio.sleep(wait_s)
                    await (self._send(some) if some else self._added.wait())
                wait_s = 0.0
            except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
                wait_s = RETRY_S
                self._fail(len(some), error)

    def _fail(self, letters: int, error: Exception) -> None:
        verb = judge(error, "letter", self._meter)
        self._note(str(error) if isinstance(error, PenchantError) else f"a fault: {type(error).__name__}")
        if verb is Verb.FAULT:
            self._faults += 1
            self._alone = max(self._alone, letters)

    async def _send(self, some: Sequence[_Waiting]) -> None:
        """Send the first ones; those of partitions that went are somebody else's by now."""
        ours = [each for each in some if not each.partition.ended]
        letters = [_bare(each.letter) if self._faults > TRIES else each.letter for each in ours]
        lost = await self._sender.send(letters) if ours else {}
        self._note(None)
        self._faults, self._alone = 0, max(self._alone - len(some), 0)
        for each in some:
            self._waiting.popleft()
            self._size_bytes -= each.size_bytes
        self._taken.set()
        self._acknowledge(ours, lost)

    def _acknowledge(self, sent: Sequence[_Waiting], lost: Mapping[int, str]) -> None:
        """One that Kafka will never take counts as lost: held back, it would stop its partition for good."""
        now_s = asyncio.get_running_loop().time()
        for number, (_, letter, ticket) in enumerate(sent):
            if number in lost:
                self._meter.dead_letters_lost += 1
                place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
                log.error("dead_letter.lost", reason=letter.reason, why=lost[number], **place)
            self._window.hold(ticket, now_s)
        self._meter.count_dead_letters(each.letter.reason for number, each in enumerate(sent) if number not in lost)

    def _letter(self, topic: str, partition: int, refusal: Refusal) -> DeadLetter:
        try:
            return _letter(topic, partition, refusal)
        except Exception as error:  # noqa: BLE001 # the boundary: it raises what is to end the worker
            judge(error, "letter", self._meter)
            return DeadLetter(topic, partition, refusal.offset, None, None, refusal.reason, detail=BARE)

    def _full(self) -> bool:
        return len(self._waiting) >= self._wait.letters or self._size_bytes >= self._wait.size_bytes

    def _note(self, away: str | None) -> None:
        if away is not None and self.away is None:
            log.warning("dead_letters.away", error=away, then="letters wait; beyond their bound partitions are paused")
        if away is None and self.away is not None:
            log.info("dead_letters.back", waiting=len(self._waiting))
        self.away = away
        self._taken.set()


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


def _bare(letter: DeadLetter) -> DeadLetter:
    """Without what the record held."""
    return replace(letter, key=None, value=None, path="", detail=BARE, own_headers=())
