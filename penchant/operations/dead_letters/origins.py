"""Origins: letters that were shortened are read whole again from where they came from."""

from dataclasses import replace

from streams.errors import ContractMismatch
from streams.kafka.reader import TopicReader
from streams.records.dead_letters import DeadLetter
from streams.records.lineage import Log


class Origins:
    """Reads single records; the reader is used for nothing else meanwhile."""

    def __init__(self, reader: TopicReader) -> None:
        self._reader = reader
        self._logs: dict[str, Log | None] = {}

    async def restored(self, letter: DeadLetter) -> DeadLetter:
        """The letter with its record's key, value and headers. It stays as it is where that record has gone, or another
        one stands there now."""
        log = await self._log(letter.topic)
        record = await self._reader.one(log, letter.partition, letter.offset) if log else None
        if record is None or not letter.is_of(record.value):
            return letter
        own = tuple(record.headers)
        return replace(letter, key=record.key, value=record.value, own_headers=own, original_bytes=None, digest="")

    async def _log(self, topic: str) -> Log | None:
        if topic not in self._logs:
            try:
                self._logs[topic] = await self._reader.log(topic)
            except ContractMismatch:
                self._logs[topic] = None
        return self._logs[topic]
