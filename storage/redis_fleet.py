"""The fleet in Redis: a sorted set of workers, their heartbeats, and the control hash.

The control hash has one field for each switch, each experiment's decision, each pool's size and each count. Fields that
are not known here are left alone: later versions have more.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter

from storage.activity import LENGTH, Activity
from storage.connection import Client, Command, ask
from storage.fleet import ALIVE_S, CountKey, ExperimentDecision, Fleet, Heartbeat, PoolSize
from storage.keys import Keys
from streams.errors import StoreCorrupt

BEAT = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] ~= '' then
  redis.call('ZADD', KEYS[1], now_ms, ARGV[2])
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms - ARGV[1])
end
return {now_ms, redis.call('ZCOUNT', KEYS[1], now_ms - ARGV[1], '+inf')}
"""
"""By script, so that the time is that of the node that holds the workers, and one clock judges all of them."""

THROW = """
local held = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if held == ARGV[2] then return 0 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4))
return 1
"""

NEWER = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and cjson.decode(held).serial >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
"""
DECIDE = f"""{NEWER}
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, 5))
return 1
"""
RESIZE = f"{NEWER}return 1"

_DECISION: TypeAdapter[ExperimentDecision] = TypeAdapter(ExperimentDecision)
_SIZE: TypeAdapter[PoolSize] = TypeAdapter(PoolSize)


class RedisFleet:
    """The port on Redis. `timeout_s` bounds each call as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def sync(self, worker: str, heartbeat: bytes, added: Mapping[CountKey, int]) -> Fleet:
        """A heartbeat is a key of its own, which expires: only operators read those of the others."""
        mine: list[Command] = [("SET", self._keys.worker(worker), heartbeat, "EX", ALIVE_S)]
        mine += [("HINCRBY", self._keys.control, _name(key), count) for key, count in added.items()]
        return self._fleet((await self._ask([*mine, *self._reads(worker)]))[-2:])

    async def read(self) -> Fleet:
        """What all share, as nobody of them."""
        return self._fleet(await self._ask(self._reads("")))

    async def heartbeats(self) -> Mapping[str, Heartbeat]:
        """Two round trips: who there is, and what they said."""
        who: Command = ("ZRANGE", self._keys.workers, 0, -1, "WITHSCORES")
        (now_ms, _), scored = await self._ask([self._reads("")[0], who])
        pairs = zip(scored[::2], scored[1::2], strict=True)
        heard = {name.decode(): now_ms - int(float(at_ms)) for name, at_ms in pairs}
        alive = {name: age_ms for name, age_ms in heard.items() if age_ms <= ALIVE_S * 1_000}
        contents = await self._ask([("GET", self._keys.worker(name)) for name in alive])
        beats = zip(alive.items(), contents, strict=True)
        return {name: Heartbeat(content, age_ms) for (name, age_ms), content in beats if content is not None}

    async def leave(self, worker: str) -> None:
        """Its partitions go to others, who need not wait until it is forgotten to share a rate."""
        await self._ask([("ZREM", self._keys.workers, worker), ("DEL", self._keys.worker(worker))])

    async def throw(self, name: str, value: bytes | None, activity: Activity) -> bool:
        """The switch and its entry in the activity log, both or neither."""
        (done,) = await self._ask([self._noted(THROW, activity, f"switch:{name}", value or b"")])
        return bool(done)

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        """By script, so that of two who decide at once one hears that it was late."""
        activity = Activity("experiment", experiment, decision.state, decision.who, decision.why)
        told = (f"experiment:{experiment}", decision.serial, orjson.dumps(decision))
        (done,) = await self._ask([self._noted(DECIDE, activity, *told)])
        return bool(done)

    async def resize(self, pool: str, size: PoolSize) -> bool:
        """No entry in the activity log: it is said anew once a second."""
        told = (self._keys.control, f"active:{pool}", size.serial, orjson.dumps(size))
        (done,) = await self._ask([("EVAL", RESIZE, 1, *told)])
        return bool(done)

    async def forget(self, counts: Collection[CountKey]) -> None:
        """Those that are not there are no error."""
        if counts:
            await self._ask([("HDEL", self._keys.control, *map(_name, counts))])

    async def demand(self, slot: int, calls: int, forget_before: int) -> Mapping[int, int]:
        """Two round trips where something is forgotten. After StoreUnavailable they may have been added."""
        key = self._keys.demand
        added: list[Command] = [("HINCRBY", key, slot, calls)] if calls else []
        found: dict[bytes, bytes] = (await self._ask([*added, ("HGETALL", key)]))[-1]
        counts = {int(name): int(count) for name, count in found.items() if name.isdigit() and count.isdigit()}
        if old := [each for each in counts if each < forget_before]:
            await self._ask([("HDEL", key, *old)])
        return {each: count for each, count in counts.items() if each >= forget_before}

    def _noted(self, script: str, activity: Activity, *told: bytes | str | int) -> Command:
        return ("EVAL", script, 2, self._keys.control, self._keys.activity, *told, LENGTH, *activity.fields())

    def _reads(self, worker: str) -> list[Command]:
        return [("EVAL", BEAT, 1, self._keys.workers, ALIVE_S * 1_000, worker), ("HGETALL", self._keys.control)]

    def _fleet(self, replies: Sequence[Any]) -> Fleet:
        (now_ms, workers), found = replies
        switches: dict[str, bytes] = {}
        decisions: dict[str, ExperimentDecision] = {}
        counts: dict[CountKey, int] = {}
        sizes: dict[str, PoolSize] = {}
        try:
            for raw, value in found.items():
                kind, _, name = raw.decode().partition(":")
                if kind == "switch":
                    switches[name] = value
                elif kind == "experiment":
                    decisions[name] = _DECISION.validate_json(value)
                elif kind == "active":
                    sizes[name] = _SIZE.validate_json(value)
                elif kind == "count":
                    counts[_key(name)] = int(value)
        except ValueError as exc:  # pydantic's ValidationError is one
            raise StoreCorrupt(self._keys.control, f"{raw.decode(errors='replace')}: {exc}") from exc
        return Fleet(switches, decisions, counts, int(workers), int(now_ms), sizes)

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)


def _name(key: CountKey) -> str:
    return "count:" + ":".join(map(str, key))


def _key(name: str) -> CountKey:
    experiment, serial, definition, arm, bucket_s, what = name.split(":")
    return CountKey(experiment, int(serial), definition, arm, int(bucket_s), what)
