"""Watermarks: up to where each node of the store has taken over the erasure topic.

A watermark lies on the node that it speaks of, behind what it vouches for. So a node that fails over to a replica which
missed an erasure has missed the watermark too, and everybody who reads anything there sees it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from redis.asyncio import Redis, RedisCluster

from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.errors import StoreCorrupt, StoreUnavailable
from streams.records.watermark import Watermark

RAISE = """
if redis.call('HGET', KEYS[1], 'topic') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'topic', ARGV[1])
end
for at = 2, #ARGV do
  if (tonumber(redis.call('HGET', KEYS[1], at - 2)) or 0) < tonumber(ARGV[at]) then
    redis.call('HSET', KEYS[1], at - 2, ARGV[at])
  end
end
"""
"""Raises the hash at KEYS[1] to the offsets ARGV[2], ARGV[3], ... of the topic ARGV[1]; never lowers it."""


class Watermarks:
    """Those of all primaries. `needed`: what each of them must have taken over before anything there is believed."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s
        self._tags: dict[str, str] = {}
        self.needed = Watermark()

    async def read(self) -> Watermark:
        """The lowest of all nodes. Raises StoreUnavailable."""
        found = [_watermark(reply) for reply in await ask(self._client, await self.commands(), self._timeout_s)]
        topics = {each.topic for each in found}
        if len(topics) != 1:
            return Watermark()
        return Watermark(topics.pop(), tuple(map(min, zip(*(each.offsets for each in found), strict=False))))

    async def raise_to(self, mark: Watermark) -> None:
        """All before it is taken over, by every node. Raises StoreUnavailable."""
        names = await self._names()
        await ask(
            self._client, [("EVAL", RAISE, 1, name, mark.topic, *mark.offsets) for name in names], self._timeout_s
        )
        self.needed = mark

    async def commands(self) -> list[Command]:
        """What to ask behind other questions, so as to know whether their answers are to be believed."""
        return [("HGETALL", name) for name in await self._names()]

    def check(self, replies: Iterable[Any]) -> None:
        """StoreUnavailable when a node lacks erasures: it is told before it is believed (agents/worker/erasures.py)."""
        if self.needed.offsets and not all(_watermark(reply).reaches(self.needed) for reply in replies):
            raise StoreUnavailable("Redis has lost erasures: it is told them again before it is served from")

    async def _names(self) -> Sequence[str]:
        """A key for each primary, by a tag whose slot is there."""
        if isinstance(self._client, Redis):
            return [self._keys.erasures("0")]
        try:
            return [self._keys.erasures(tag) for tag in await self._placed(self._client)]
        except Exception as exc:
            raise StoreUnavailable(f"Redis: {type(exc).__name__}: {exc}") from exc

    async def _placed(self, client: RedisCluster) -> Iterable[str]:
        await client.initialize()
        primaries = {node.name for node in client.get_primaries()}
        held = {name: tag for name, tag in self._tags.items() if self._node(client, tag) == name}
        for number in range(MOST_TAGS):
            if not primaries - held.keys():
                break
            held.setdefault(self._node(client, str(number)), str(number))
        self._tags = held
        return sorted(held.values())

    def _node(self, client: RedisCluster, tag: str) -> str:
        node = client.get_node_from_key(self._keys.erasures(tag))
        return str(node.name) if node is not None else ""


MOST_TAGS = 20_000
"""Tags tried: more than there are slots. A primary without slots has none, and holds nothing."""


def _watermark(reply: Any) -> Watermark:
    """Read back what RAISE wrote; redis-py gives a dictionary or a list, as the protocol has it."""
    pairs = reply if isinstance(reply, dict) else dict(zip(reply[::2], reply[1::2], strict=True))
    fields = {name.decode(): value.decode() for name, value in pairs.items()}
    topic = fields.pop("topic", "")
    try:
        offsets = {int(number): int(offset) for number, offset in fields.items()}
    except ValueError as exc:
        raise StoreCorrupt("erasures", str(exc)) from exc
    return Watermark(topic, tuple(offsets.get(number, 0) for number in range(max(offsets, default=-1) + 1)))
