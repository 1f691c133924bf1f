"""Run: reads the history topic, in no group, and joins."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from penchant.offline.export.files import read, write
from penchant.offline.export.join import History, joined
from penchant.settings.root import Settings
from streams.errors import EventRefused, SettingInvalid
from streams.kafka.reader import TopicReader
from streams.records.history import Readable


@dataclass(frozen=True, slots=True)
class Exported:
    """How many requests there were, how many had an intent, records read of the topic, and those that were refused."""

    requests: int
    with_intent: int
    records: int
    refused: int


async def export(settings: Settings, labels: Path, out: Path, shopper: str, time: str) -> Exported:
    """Join and write. SettingInvalid without a history topic, BrokerUnavailable without Kafka."""
    topic = settings.kafka.history_topic
    if topic is None:
        raise SettingInvalid("kafka.history_topic is not set", "set it for the workers too: they fill it from then on")
    requests = read(labels, shopper, time)
    history, counts = History({str(row[shopper]) for row in requests}), Counter[str]()
    async with TopicReader(settings.kafka.options) as reader:
        log = await reader.log(topic, "workers make it with the first intent that they append")
        begins = await reader.beginnings(log)
        firsts = {number: begins[number] for number, end in enumerate(log.ends) if begins[number] < end}
        async for _, records in reader.scan(log, firsts):
            for record in records:
                counts["records"] += 1
                counts["refused"] += not _add(history, record.key, record.value, record.timestamp)
    rows = joined(requests, history, shopper, time)
    write(out, rows)
    found = sum(not row["penchant_missing"] for row in rows)
    return Exported(len(rows), found, counts["records"], counts["refused"])


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
