"""Redrive: refused records that are events now go back to the topic that they came from.

What goes back, and the marker that says so, are one Kafka transaction: after a crash either both are there or neither,
and a redrive that begins ends the transaction of one that still runs. So in the topic each letter is committed once.
"""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing

from penchant.operations.dead_letters.erased import erasures
from penchant.operations.dead_letters.judge import Judge, Outcome, RedrivePlan
from penchant.operations.dead_letters.origins import Origins
from penchant.operations.dead_letters.topic import Progress, StoredLetter, look
from penchant.settings.kafka import Kafka
from streams.kafka.producer import RecordProducer, Sent, producing
from streams.kafka.reader import TopicReader
from streams.kafka.topics import retention_of
from streams.records.dead_letters import DeadLetter
from streams.records.redriven import marker

BATCH = 500
"""Letters in one transaction."""

WAIT_S = 60.0
"""How long a broker may take for one."""

SPARE = 0.02
"""Of the time that a topic keeps records: letters that have less of it left stay, since readers need some too."""


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
    known = await erasures(reader, kafka.erasure_topic)
    dead_letter_topic = await look(reader, kafka.dead_letter_topic, _silent)
    await reader.log(plan.topic)
    retention = await retention_of(kafka.options, plan.topic)
    outcome.retention_known = retention is not None
    oldest_ms = time.time() * 1e3 - retention.span_ms * (1 - SPARE) if retention else 0
    judge = Judge(plan, known, kafka.topic, oldest_ms, outcome, set())
    async with aclosing(dead_letter_topic.stored_letters()) as scan:
        async for partition, found in scan:
            whole = [await _whole(each, judge, origins) for each in found]
            yield partition, list(judge.good(whole))
            progress(outcome.letters)


async def _whole(found: StoredLetter, judge: Judge, origins: Origins) -> StoredLetter:
    """A shortened letter that is asked for, with its record as it was, where that is still to be had."""
    letter = found.letter
    if letter is None or letter.original_bytes is None or found.redriven or not judge.asked(letter):
        return found
    return found._replace(letter=await origins.restored(letter))


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
