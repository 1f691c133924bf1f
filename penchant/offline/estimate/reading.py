"""Reading: the last minutes of a topic, or the first of a file, as events in the order of their times."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing, closing
from pathlib import Path
from typing import NamedTuple

from penchant.offline.estimate.figures import Read
from penchant.offline.estimate.rehearsal import Arrived
from penchant.settings.kafka import Kafka
from streams.errors import ContractMismatch, EventRefused
from streams.events.decoding import Reason, Record, Refusal, by_reason
from streams.events.dialects import Dialect, DialectName, dialect, whole_dialect
from streams.events.formats.rows import BadRow
from streams.events.keying import examine
from streams.events.privacy import PrivacyRules
from streams.events.recognition import recognize
from streams.events.recording import dialect_of, recording
from streams.events.withholding import Withholding
from streams.kafka.reader import TopicReader
from streams.records.lineage import Log

SAMPLE = 500


class Sample(NamedTuple):
    """What was read, and its events."""

    read: Read
    events: Sequence[Arrived]


async def read_topic(
    kafka: Kafka, minutes: float, most: int, name: DialectName | None, privacy: PrivacyRules
) -> Sample:
    """The events of the last `minutes` before the newest record, at most about `most`; ContractMismatch when there are
    none. Reads with `assign`: no group hears of it."""
    async with TopicReader(kafka.options) as reader:
        log = await reader.log(kafka.topic)
        newest = await reader.newest(log, (), SAMPLE)
        records = [record for some in newest.values() for record in some]
        told, recognised = _recognised(records)
        spoken = name or told
        last = {number: some[-1].timestamp for number, some in newest.items() if some}
        if spoken is None or not last:
            raise ContractMismatch(
                f"{kafka.topic} holds no shopper events in a dialect that is known", "see docs/events.md"
            )
        since_ms = max(last.values()) - minutes * 60_000
        firsts, cut = await _firsts(reader, log, last, round(since_ms), most)
        scanned = await _scan(reader, log, firsts, since_ms, dialect(spoken, privacy=privacy))
    keying = examine(newest, whole_dialect(spoken, keyed=True))
    wrong = (keying.no_key + keying.other_key) / max(keying.events, 1)
    counts, refused = scanned.counts, scanned.refused
    read = Read(
        f"topic {kafka.topic}", spoken, recognised, counts["records"], refused, counts["ignored"], wrong, cut,
        without_consent=counts["without_consent"], minors=counts["minors"], withheld=counts["withheld"],
        sensitive=scanned.sensitive,
    )  # fmt: skip
    if not any(scanned.events.values()):
        why = "".join(f"; {number} as `{reason}`: {words}" for reason, (number, words) in refused.items())
        of = f"of {counts['records']} records {read.refused} are refused{why}"
        raise ContractMismatch(f"{kafka.topic} holds no shopper events: {of}", "see docs/events.md")
    return Sample(read, ordered(scanned.events))


def read_file(path: Path, minutes: float, most: int, privacy: PrivacyRules) -> Sample:
    """The events of the first `minutes` of a file, at most `most`. It reads from disk: call it in a thread."""
    events: list[Arrived] = []
    bad, withheld, cut, withholding = 0, 0, False, Withholding(privacy)
    sensitive: Counter[tuple[str, str]] = Counter()
    with closing(recording(path)) as rows:
        for number, row in enumerate(rows):
            if not isinstance(row, BadRow) and events and row.time_ms > events[0].event.time_ms + minutes * 60_000:
                break
            if cut := number == most:
                break
            if isinstance(row, BadRow):
                bad += 1
            else:
                left = withholding.left(row)
                sensitive.update(left.counts)
                withheld += left.event is None
                events += [Arrived(0, number, row.time_ms, left.event)] if left.event else []
    if not events:
        raise ContractMismatch(f"{path} holds no shopper events", "name another file")
    records = len(events) + withheld + bad
    return Sample(
        Read(
            f"file {path.name}",
            dialect_of(path),
            1.0,
            records,
            _bad_rows(bad),
            cut=cut,
            withheld=withheld,
            sensitive=sensitive,
        ),
        ordered({0: events}),
    )


def _bad_rows(number: int) -> Mapping[Reason, tuple[int, str]]:
    return {"schema": (number, "rows that are no event in that dialect")} if number else {}


def ordered(partitions: Mapping[int, Iterable[Arrived]]) -> list[Arrived]:
    """Events by time, and those of one partition in the order of its log: a late one comes with the one before it."""
    timed: list[tuple[int, int, Arrived]] = []
    for number, events in partitions.items():
        latest_ms = 0
        for arrived in events:
            latest_ms = max(latest_ms, arrived.event.time_ms)
            timed.append((latest_ms, number, arrived))
    timed.sort(key=lambda each: each[:2])
    return [arrived for _, _, arrived in timed]


class _Scanned(NamedTuple):
    events: Mapping[int, Sequence[Arrived]]
    counts: Counter[str]
    refused: Mapping[Reason, tuple[int, str]]
    sensitive: Mapping[tuple[str, str], int]


async def _scan(
    reader: TopicReader, log: Log, firsts: Mapping[int, int], since_ms: float, reading: Dialect
) -> _Scanned:
    events: dict[int, list[Arrived]] = {number: [] for number in firsts}
    counts: Counter[str] = Counter()
    refused: list[Refusal] = []
    sensitive: Counter[tuple[str, str]] = Counter()
    async with aclosing(reader.scan(log, firsts)) as scan:
        async for number, records in scan:
            decoded = reading.decode([record for record in records if record.timestamp >= since_ms])
            counts["records"] += sum(record.timestamp >= since_ms for record in records)
            refused += decoded.refused
            counts["ignored"] += decoded.ignored
            counts["without_consent"] += decoded.without_consent
            counts["minors"] += decoded.minors
            counts["withheld"] += decoded.withheld
            sensitive.update(decoded.sensitive)
            events[number] += [Arrived(number, *each) for each in decoded.events]
            await asyncio.sleep(0)
    return _Scanned(events, counts, by_reason(refused), sensitive)


async def _firsts(
    reader: TopicReader, log: Log, last: Mapping[int, int], since_ms: int, most: int
) -> tuple[Mapping[int, int], bool]:
    """Where to begin in each partition that has something of these minutes, and whether that was too much."""
    begins, found = await reader.beginnings(log), await reader.since(log, since_ms)
    firsts = {
        number: found[number].offset if number in found else begins[number]
        for number, newest in last.items()
        if newest >= since_ms
    }
    each = -(-most // len(firsts))
    cut = {number: max(first, log.ends[number] - each) for number, first in firsts.items()}
    return cut, cut != firsts


def _recognised(records: Sequence[Record]) -> tuple[DialectName | None, float]:
    """The dialect of most records, and its share of them."""
    names: Counter[DialectName] = Counter()
    for record in records:
        try:
            names[recognize(record.value or b"")] += 1
        except EventRefused:
            continue
    if not names:
        return None, 0.0
    [(name, most)] = names.most_common(1)
    return name, most / len(records)
