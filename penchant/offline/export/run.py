"""Run: reads the history topic, in no group, or a lake, and joins."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from penchant.offline.export.events import read_events
from penchant.offline.export.files import read, write
from penchant.offline.export.join import History, joined
from penchant.offline.export.outcomes import Afterwards, Wanted
from penchant.offline.lake.place import Place
from penchant.offline.lake.reading import intents
from penchant.offline.lake.rows import hour
from penchant.settings.root import Settings
from streams.errors import EventRefused, SettingInvalid
from streams.kafka.reader import TopicReader
from streams.records.history import Readable

LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999."""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many requests there were, how many had an intent, records read of the topic, those that were refused, and of
    how many requests it is known what became of them; None where that was not asked for."""

    requests: int
    with_intent: int
    records: int
    refused: int
    with_outcome: int | None = None


async def export(
    settings: Settings,
    labels: Path,
    out: Path,
    shopper: str,
    time: str,
    lake: str | None = None,
    outcomes: Wanted | None = None,
) -> Exported:
    """Join and write. `lake` is a URI to read instead of the topic. SettingInvalid without a history topic or a lake,
    BrokerUnavailable without Kafka, LakeUnavailable."""
    requests = await asyncio.to_thread(read, labels, shopper, time, outcomes.product if outcomes else None)
    history = History({str(row[shopper]) for row in requests})
    if lake is None:
        counts = await _from_topic(settings, history)
    else:
        until_ms = max((int(row[time]) for row in requests), default=0)
        counts = await asyncio.to_thread(_from_lake, lake, history, until_ms)
    rows, known = joined(requests, history, shopper, time), None
    if outcomes is not None:
        afterwards = Afterwards(rows, outcomes)
        span = await read_events(settings, afterwards)
        rows = [row | afterwards.columns(row, span) for row in rows]
        known = sum(row["penchant_clicked"] is not None for row in rows)
    await asyncio.to_thread(write, out, rows)
    found = sum(not row["penchant_missing"] for row in rows)
    return Exported(len(rows), found, counts["records"], counts["refused"], known)


async def _from_topic(settings: Settings, history: History) -> Counter[str]:
    topic = settings.kafka.history_topic
    if topic is None:
        raise SettingInvalid("kafka.history_topic is not set", "set it for the workers too: they fill it from then on")
    counts = Counter[str]()
    async with TopicReader(settings.kafka.options) as reader:
        log = await reader.log(topic, "workers make it with the first intent that they append")
        begins = await reader.beginnings(log)
        firsts = {number: begins[number] for number, end in enumerate(log.ends) if begins[number] < end}
        async for _, records in reader.scan(log, firsts):
            for record in records:
                counts["records"] += 1
                counts["refused"] += not _add(history, record.key, record.value, record.timestamp)
    return counts


def _from_lake(uri: str, history: History, until_ms: int) -> Counter[str]:
    """The rows of these shoppers alone are read."""
    readable = intents(Place(uri), history.shoppers, hour(min(until_ms, LATEST_MS)))
    for each in readable:
        history.add(each.intent.shopper, each.readable_at_ms, each)
    return Counter(records=len(readable))


def _add(history: History, key: bytes | None, value: bytes | None, timestamp_ms: int) -> bool:
    try:
        who = (key or b"").decode()
        if value is None:
            history.add(who, timestamp_ms, None)
        else:
            readable = Readable.load(value)
            history.add(who, readable.readable_at_ms, readable)
    except (EventRefused, UnicodeDecodeError):
        return False
    return True
