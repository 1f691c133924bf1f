"""Group start: where a consumer group that has never committed begins, settled once for all its workers, and said."""

from datetime import UTC, datetime

import structlog

from penchant.settings.kafka import Kafka
from penchant.worker.lineage import Findings
from streams.errors import ContractMismatch
from streams.kafka.moments import EARLIEST, LATEST, moment
from streams.kafka.ranges import find_range
from streams.kafka.reader import TopicReader

log = structlog.get_logger()


async def begin_group(kafka: Kafka, reader: TopicReader, findings: Findings, now_ms: int) -> None:
    """At a first start, say how far back the group will read. Does nothing for a group that has committed.

    Where `kafka.start` leaves something out, that is committed at once: a worker that starts a moment later, or after
    a crash before the first commit, begins at the same offsets. Partitions that are added later begin at their start.
    """
    if findings.committed:
        return
    start = moment(kafka.start, now_ms)
    span = await find_range(reader, findings.log, start, moment(LATEST, now_ms))
    begins = await reader.beginnings(findings.log)
    skipped = sum(first - begins[number] for number, first in span.firsts.items())
    if kafka.start != EARLIEST:
        try:
            await reader.move(findings.log, kafka.group, span.firsts)
        except ContractMismatch:  # another worker was first, and has joined already
            return
    oldest = await _oldest(reader, findings, start.time_ms or 0) if span.records else None
    log.info(
        "group.begins", group=kafka.group, start=kafka.start, records=span.records, skipped=skipped, oldest=oldest,
        remedy="kafka.start says where a new group begins",
    )  # fmt: skip


async def _oldest(reader: TopicReader, findings: Findings, since_ms: int) -> str | None:
    """The time of the oldest record since then; None where the broker does not say."""
    times_ms = [start.time_ms for start in (await reader.since(findings.log, since_ms)).values()]
    return datetime.fromtimestamp(min(times_ms) / 1e3, UTC).isoformat(timespec="seconds") if times_ms else None
