"""Redrive: refused records that are events now go back to the topic that they came from.

What goes back, and the marker that says so, are one Kafka transaction: after a crash either both are there or neither,
and a redrive that begins ends the transaction of one that still runs. So in the topic each letter is committed once.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import NamedTuple

from penchant.operations.dead_letters.erased import Erasures, erased, erasures
from penchant.operations.dead_letters.origins import Origins
from penchant.operations.dead_letters.topic import Progress, StoredLetter, look
from penchant.settings.kafka import Kafka
from streams.events.dialects import Dialect
from streams.kafka.producer import RecordProducer, Sent, producing
from streams.kafka.reader import TopicReader
from streams.records.dead_letters import DeadLetter
from streams.records.redriven import marker

BATCH = 500
"""Letters in one transaction."""

WAIT_S = 60.0
"""How long a broker may take for one."""


class RedrivePlan(NamedTuple):
    """Which letters: those that came from `topic`, refused for `reason` where it is given. `dialect` judges them."""

    topic: str
    dialect: Dialect
    reason: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the letters.

    `already`: it went back before, or the same record did by another letter. `still_bad` ones stay, by the reason for
    which they would be refused now. `passed` are not asked for: of another reason, or another topic. `erased` ones are
    of a shopper who was forgotten since. `gone` ones were shortened, and their records are no longer in their topic.
    """

    letters: int = 0
    redriven: int = 0
    already: int = 0
    passed: int = 0
    erased: int = 0
    gone: int = 0
    still_bad: dict[str, int] = field(default_factory=dict)

    def words(self, *, dry_run: bool) -> str:
        """One sentence."""
        done = "would go back" if dry_run else "went back"
        bad = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.still_bad.items()))
        said = [
            f"{self.redriven:,} letters {done}",
            f"{self.already:,} had before",
            f"{sum(self.still_bad.values()):,} are still bad" + (f" ({bad})" if bad else ""),
            f"{self.erased:,} are of erased shoppers",
            f"{self.passed:,} were not asked for",
        ]
        if self.gone:
            said.append(f"{self.gone:,} were shortened and their records are no longer in the topic")
        return ", ".join(said)


async def rehearse(kafka: Kafka, plan: RedrivePlan, progress: Progress) -> Outcome:
    """What a redrive would do; writes nothing."""
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        async for _, good in _sorted(kafka, plan, outcome, stack, progress):
            outcome.redriven += sum(letter is not None for _, letter in good)
    return outcome


async def redrive(kafka: Kafka, plan: RedrivePlan, progress: Progress) -> Outcome:
    """Send back what is good now. Call it again after a crash: it goes on where it was.

    Raises BrokerUnavailable, or ContractMismatch when there is no such topic or another redrive took over.
    """
    outcome = Outcome()
    async with AsyncExitStack() as stack:
        # Before looking: whichever redrive of this group ran before is fenced off, and marks nothing any more.
        name = f"{kafka.group}-redrive"
        fencing = producing(kafka.options, WAIT_S, transactional_id=name, linger_ms=5)
        producer = await stack.enter_async_context(fencing)
        async for partition, good in _sorted(kafka, plan, outcome, stack, progress):
            for first in range(0, len(good), BATCH):
                batch = good[first : first + BATCH]
                await _send(producer, kafka, partition, batch)
                outcome.redriven += sum(letter is not None for _, letter in batch)
    return outcome


Good = Sequence[tuple[int, DeadLetter | None]]
"""Letters with their offsets in the dead-letter topic; None for one whose record goes, or went, back by another."""


async def _sorted(
    kafka: Kafka, plan: RedrivePlan, outcome: Outcome, stack: AsyncExitStack, progress: Progress
) -> AsyncIterator[tuple[int, Good]]:
    """The letters that can go, partition by partition."""
    reader = await stack.enter_async_context(TopicReader(kafka.options.committed()))
    origins = Origins(await stack.enter_async_context(TopicReader(kafka.options)))
    judge = _Judge(plan, await erasures(reader, kafka.erasure_topic), kafka.topic, outcome, set())
    dead_letter_topic = await look(reader, kafka.dead_letter_topic, _silent)
    await reader.log(plan.topic)
    async with aclosing(dead_letter_topic.stored_letters()) as scan:
        async for partition, found in scan:
            whole = [await _whole(each, judge, origins) for each in found]
            yield partition, list(judge.good(whole))
            progress(outcome.letters)


async def _whole(found: StoredLetter, judge: "_Judge", origins: Origins) -> StoredLetter:
    """A shortened letter that is asked for, with its record as it was, where that is still to be had."""
    letter = found.letter
    if letter is None or letter.original_bytes is None or found.redriven or not judge.asked(letter):
        return found
    return found._replace(letter=await origins.restored(letter))


class _Judge(NamedTuple):
    """Says which letters can go, and counts the others."""

    plan: RedrivePlan
    erasures: Erasures
    topic: str
    outcome: Outcome
    known: set[tuple[str, int, int, int]]

    def good(self, found: Sequence[StoredLetter]) -> Iterator[tuple[int, DeadLetter | None]]:
        """Those that can go, with their offsets."""
        for each in found:
            self.outcome.letters += 1
            letter = each.letter
            if each.redriven:
                self.outcome.already += 1
                self._repeated(letter)
            elif letter is None or not self.asked(letter):
                self.outcome.passed += 1
            elif letter.original_bytes is not None:
                self.outcome.gone += 1
            elif self._goes(letter, each.time_ms):
                repeated = self._repeated(letter)
                self.outcome.already += repeated
                yield each.place.offset, None if repeated else letter

    def _repeated(self, letter: DeadLetter | None) -> bool:
        """A worker that crashed refuses a record again. The value counts too: offsets begin anew in a new topic."""
        if letter is None:
            return False
        record = (letter.topic, letter.partition, letter.offset, hash(letter.value))
        repeated = record in self.known
        self.known.add(record)
        return repeated

    def asked(self, letter: DeadLetter) -> bool:
        """Whether the plan is for it."""
        return letter.topic == self.plan.topic and self.plan.reason in (None, letter.reason)

    def _goes(self, letter: DeadLetter, refused_ms: int) -> bool:
        """Judged as it was, by what would read it now; one that had no timestamp gets one when it goes back."""
        time_ms = refused_ms if letter.timestamp_ms is None else letter.timestamp_ms
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


async def _send(producer: RecordProducer, kafka: Kafka, partition: int, batch: Good) -> None:
    """One transaction; it is left open when something breaks, and the next redrive ends it."""
    topic = kafka.dead_letter_topic
    async with producer.transaction(topic):
        sent = [await _back(producer, letter) for _, letter in batch if letter is not None]
        marks = marker([offset for offset, _ in batch])
        sent.append(await producer.put(topic, None, b"", partition=partition, headers=marks))
        await producer.acknowledged(topic, sent)


async def _back(producer: RecordProducer, letter: DeadLetter) -> Sent:
    """The record as it was, to where Kafka's own partitioner puts its key."""
    own = list(letter.own_headers)
    return await producer.put(letter.topic, letter.key, letter.value, timestamp_ms=letter.timestamp_ms, headers=own)


def _silent(_: int) -> None:
    """The first look is quick, and not shown."""
