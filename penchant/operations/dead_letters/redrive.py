"""Redrive: refused records that are events now go back to the topic that they came from.

What goes back, and the marker that says so, are one Kafka transaction: after a crash either both are there or neither,
and a redrive that begins ends the transaction of one that still runs. So in the topic each letter is committed once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced

from penchant.kafka.options import idempotent_producer, kafka_errors
from penchant.kafka.reader import TopicReader
from penchant.operations.dead_letters.erased import Erasures, erased, erasures
from penchant.operations.dead_letters.topic import Found, Pile, Progress, look
from penchant.settings.kafka import Kafka
from streams.errors import ContractMismatch
from streams.events.dialects import Dialect
from streams.records.dead_letters import DeadLetter
from streams.records.redriven import marker

BATCH = 500
"""Letters in one transaction."""

WAIT_S = 60.0
"""How long a broker may take for one."""


class Plan(NamedTuple):
    """Which letters: those that came from `topic`, refused for `reason` where it is given. `dialect` judges them."""

    topic: str
    dialect: Dialect
    reason: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the letters.

    `already`: it went back before, or the same record did by another letter. `still_bad` ones stay, by the reason for
    which they would be refused now. `passed` are not asked for: of another reason, or another topic. `erased` ones are
    of a shopper who was forgotten since.
    """

    letters: int = 0
    redriven: int = 0
    already: int = 0
    passed: int = 0
    erased: int = 0
    still_bad: dict[str, int] = field(default_factory=dict)


async def rehearse(kafka: Kafka, plan: Plan, progress: Progress) -> Outcome:
    """What a redrive would do; writes nothing."""
    outcome = Outcome()
    async with TopicReader(kafka, committed=True) as reader:
        judge = _Judge(plan, await erasures(reader, kafka.erasure_topic), kafka.topic, outcome, set())
        pile = await look(reader, kafka.dead_letter_topic, _silent)
        async for _, good in _sorted(pile, judge, progress):
            outcome.redriven += sum(letter is not None for _, letter in good)
    return outcome


async def redrive(kafka: Kafka, plan: Plan, progress: Progress) -> Outcome:
    """Send back what is good now. Call it again after a crash: it goes on where it was.

    Raises BrokerUnavailable, or ContractMismatch when there is no such topic or another redrive took over.
    """
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        producer = await _fencing(kafka, stack)  # before looking: afterwards nobody else marks anything
        reader = await stack.enter_async_context(TopicReader(kafka, committed=True))
        judge = _Judge(plan, await erasures(reader, kafka.erasure_topic), kafka.topic, outcome, set())
        pile = await look(reader, kafka.dead_letter_topic, _silent)
        await reader.log(plan.topic)
        async for partition, good in _sorted(pile, judge, progress):
            for first in range(0, len(good), BATCH):
                batch = good[first : first + BATCH]
                await _send(producer, kafka, partition, batch)
                outcome.redriven += sum(letter is not None for _, letter in batch)
    return outcome


Good = Sequence[tuple[int, DeadLetter | None]]
"""Letters with their offsets in the dead-letter topic; None for one whose record goes, or went, back by another."""


async def _sorted(pile: Pile, judge: "_Judge", progress: Progress) -> AsyncIterator[tuple[int, Good]]:
    """The letters that can go, partition by partition."""
    async with aclosing(pile.found()) as scan:
        async for partition, found in scan:
            yield partition, list(judge.good(found))
            progress(judge.outcome.letters)


class _Judge(NamedTuple):
    """Says which letters can go, and counts the others."""

    plan: Plan
    erasures: Erasures
    topic: str
    outcome: Outcome
    gone: set[tuple[str, int, int, int]]

    def good(self, found: Sequence[Found]) -> Iterator[tuple[int, DeadLetter | None]]:
        """Those that can go, with their offsets."""
        for each in found:
            self.outcome.letters += 1
            letter = each.letter
            if each.redriven:
                self.outcome.already += 1
                self._repeated(letter)
            elif letter is None or not self._asked(letter):
                self.outcome.passed += 1
            elif self._goes(letter, each.time_ms):
                repeated = self._repeated(letter)
                self.outcome.already += repeated
                yield each.place.offset, None if repeated else letter

    def _repeated(self, letter: DeadLetter | None) -> bool:
        """A worker that crashed refuses a record again. The value counts too: offsets begin anew in a new topic."""
        if letter is None:
            return False
        record = (letter.topic, letter.partition, letter.offset, hash(letter.value))
        known = record in self.gone
        self.gone.add(record)
        return known

    def _asked(self, letter: DeadLetter) -> bool:
        return letter.topic == self.plan.topic and self.plan.reason in (None, letter.reason)

    def _goes(self, letter: DeadLetter, refused_ms: int) -> bool:
        """Judged as it was, by what would read it now."""
        time_ms = -1 if letter.timestamp_ms is None else letter.timestamp_ms
        record = _AsItWas(letter.offset, time_ms, letter.key, letter.value, letter.own_headers)
        decoded = self.plan.dialect.decode([record])
        for refusal in decoded.refused:
            self.outcome.still_bad[refusal.reason] = self.outcome.still_bad.get(refusal.reason, 0) + 1
        shoppers = {event.shopper_id for _, _, event in decoded.events}
        if gone := any(erased(letter, refused_ms, self.erasures.get(each), self.topic) for each in shoppers):
            self.outcome.erased += 1
        return not decoded.refused and not gone


class _AsItWas(NamedTuple):
    """The refused record, for a dialect to judge."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


async def _send(producer: AIOKafkaProducer, kafka: Kafka, partition: int, batch: Good) -> None:
    """One transaction; it is left open when something breaks, and the next redrive ends it."""
    with _errors(kafka):
        async with asyncio.timeout(WAIT_S):
            await producer.begin_transaction()
            sent = [await _back(producer, letter) for _, letter in batch if letter is not None]
            marks = marker([offset for offset, _ in batch])
            sent.append(await producer.send(kafka.dead_letter_topic, b"", partition=partition, headers=marks))
            await asyncio.gather(*sent)
            await producer.commit_transaction()


async def _back(producer: AIOKafkaProducer, letter: DeadLetter) -> Awaitable[object]:
    """The record as it was, to where Kafka's own partitioner puts its key."""
    future: Awaitable[object] = await producer.send(
        letter.topic,
        letter.value,
        letter.key,
        timestamp_ms=letter.timestamp_ms,
        headers=list(letter.own_headers),
    )
    return future


async def _fencing(kafka: Kafka, stack: AsyncExitStack) -> AIOKafkaProducer:
    """A producer that is the only one to redrive for this group: whichever did before is fenced off."""
    with kafka_errors(kafka):
        async with asyncio.timeout(WAIT_S):
            name = f"{kafka.group}-redrive"
            return await stack.enter_async_context(idempotent_producer(kafka, transactional_id=name, linger_ms=5))


@contextmanager
def _errors(kafka: Kafka) -> Iterator[None]:
    with kafka_errors(kafka):
        try:
            yield
        except ProducerFenced as exc:
            told = "let it end: it does what this one had still to do"
            raise ContractMismatch("another redrive of this group has begun", told) from exc


def _silent(_: int) -> None:
    """The first look is quick, and not shown."""
