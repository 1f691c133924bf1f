"""The lineage record in Redis: one for a namespace, so that one command changes it for all workers."""

from collections.abc import Mapping, Sequence

from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.errors import StoreCorrupt
from streams.records.lineage import Lineage

FIELDS = ("number", "topic", "partitions", "topic_id", "starts")

EXCHANGE = """
if (redis.call('HGET', KEYS[1], 'number') or '') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return 1
"""
"""Write the record if its number is still the one that was read."""


class RedisLineage:
    """Which log a namespace's contexts belong to. Every method raises StoreUnavailable, or StoreCorrupt."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def read(self) -> Lineage | None:
        """The record; None where no worker has consumed yet, or its Redis was lost."""
        (values,) = await ask(self._client, [("HMGET", self._keys.lineage, *FIELDS)], self._timeout_s)
        try:
            return _decoded(values) if any(value is not None for value in values) else None
        except (AttributeError, ValueError) as exc:  # a field is missing, or no number
            raise StoreCorrupt(self._keys.lineage, str(exc)) from exc

    async def exchange(self, known: Lineage | None, record: Lineage) -> bool:
        """Put a record in the place of the one that was read; False when somebody else was quicker."""
        fields = [part for pair in zip(FIELDS, _encoded(record), strict=True) for part in pair]
        number = "" if known is None else str(known.number)
        command: Command = ("EVAL", EXCHANGE, 1, self._keys.lineage, number, *fields)
        (done,) = await ask(self._client, [command], self._timeout_s)
        return bool(done)

    async def reached(self, lineage: int) -> Mapping[int, int]:
        """The highest ends that were seen of each partition."""
        (ends,) = await ask(self._client, [("HGETALL", self._keys.ends(lineage))], self._timeout_s)
        return {int(partition): int(end) for partition, end in ends.items()}

    async def reach(self, lineage: int, ends: Sequence[int]) -> None:
        """Remember how far the partitions go now."""
        fields = [part for pair in enumerate(ends) for part in pair]
        if fields:
            await ask(self._client, [("HSET", self._keys.ends(lineage), *fields)], self._timeout_s)

    async def forget(self, lineage: int) -> None:
        """Forget how far the partitions of an earlier lineage went."""
        await ask(self._client, [("DEL", self._keys.ends(lineage))], self._timeout_s)


def _decoded(values: Sequence[bytes]) -> Lineage:
    number, topic, partitions, topic_id, starts = (value.decode() for value in values)
    return Lineage(int(number), topic, int(partitions), topic_id or None, tuple(map(int, starts.split())))


def _encoded(record: Lineage) -> Sequence[str]:
    starts = " ".join(map(str, record.starts))
    return str(record.number), record.topic, str(record.partitions), record.topic_id or "", starts
