"""The control hash: what makes a set of workers a fleet. Experiments' pooled counts, and what was decided on them.

One field for what stands of each experiment, one for each count, one for each worker's name. Fields that are not known
here are left alone: later versions have more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Protocol

import orjson
from pydantic import TypeAdapter

from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.errors import StoreCorrupt

ALIVE_S = 10
"""A worker that was not heard of for so long is gone."""


@dataclass(frozen=True, slots=True)
class ExperimentDecision:
    """What was decided on an experiment last: that it is in force (`forward`), or rolled back. Each decision has the
    next serial number; with none yet, an experiment is in force under 0. `definition` is what it was then."""

    serial: int
    state: Literal["forward", "back"]
    who: str
    why: str
    at_ms: int
    definition: str = ""


class CountKey(NamedTuple):
    """What is counted: `what` became of the calls of an arm, in the span of time that begins at `bucket_s` (epoch),
    while the experiment had this definition and stood under this serial number. No name holds a colon."""

    experiment: str
    serial: int
    definition: str
    arm: str
    bucket_s: int
    what: str


@dataclass(frozen=True, slots=True)
class Control:
    """All that the hash holds; `workers` are their names, also of some that are gone. `at_ms` is the store's own time,
    in epoch milliseconds, which is the same for the whole fleet; `read` does not ask for it."""

    decisions: Mapping[str, ExperimentDecision] = field(default_factory=dict)
    counts: Mapping[CountKey, int] = field(default_factory=dict)
    workers: frozenset[str] = frozenset()
    at_ms: int | None = field(default=None, compare=False)


class ControlStore(Protocol):
    """The port to the control hash. Every method raises StoreUnavailable, those that read it StoreCorrupt."""

    async def sync(self, worker: str, added: Mapping[CountKey, int]) -> Control:
        """Say that a worker lives, add to counts, and read all. After StoreUnavailable counts may have been added."""

    async def read(self) -> Control: ...

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        """Store it, unless one with as high a number or a higher one stands already; returns whether it was stored."""

    async def forget(self, counts: Collection[CountKey]) -> None: ...

    async def living(self, workers: Sequence[str]) -> list[str]:
        """Those of them that were heard of lately; the names of the others are forgotten."""


DECIDE = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if held and cjson.decode(held).serial >= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""

TIME = "return redis.call('TIME')"
"""By script, so that in a cluster it is the time of the node that holds the hash."""

_STANDING: TypeAdapter[ExperimentDecision] = TypeAdapter(ExperimentDecision)


class RedisControl:
    """The port on Redis. `timeout_s` bounds each call as a whole."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def sync(self, worker: str, added: Mapping[CountKey, int]) -> Control:
        """One round trip."""
        control = self._keys.control
        alive: list[Command] = [
            ("SET", self._keys.worker(worker), 1, "EX", ALIVE_S),
            ("HSET", control, f"worker:{worker}", ""),
        ]
        counts: list[Command] = [("HINCRBY", control, _name(key), count) for key, count in added.items()]
        reads: list[Command] = [("EVAL", TIME, 1, control), ("HGETALL", control)]
        *_, (seconds, micros), found = await self._ask([*alive, *counts, *reads])
        return replace(self._decoded(found), at_ms=int(seconds) * 1_000 + int(micros) // 1_000)

    async def read(self) -> Control:
        """All of it."""
        (found,) = await self._ask([("HGETALL", self._keys.control)])
        return self._decoded(found)

    async def decide(self, experiment: str, decision: ExperimentDecision) -> bool:
        """By script, so that of two who decide at once one is told that it was late."""
        told = (f"experiment:{experiment}", decision.serial, orjson.dumps(decision))
        (done,) = await self._ask([("EVAL", DECIDE, 1, self._keys.control, *told)])
        return bool(done)

    async def forget(self, counts: Collection[CountKey]) -> None:
        """Those that are not there are no error."""
        await self._remove(map(_name, counts))

    async def living(self, workers: Sequence[str]) -> list[str]:
        """In the order asked."""
        there = await self._ask([("EXISTS", self._keys.worker(worker)) for worker in workers])
        await self._remove(f"worker:{worker}" for worker, alive in zip(workers, there, strict=True) if not alive)
        return [worker for worker, alive in zip(workers, there, strict=True) if alive]

    async def _remove(self, names: Iterable[str]) -> None:
        if fields := tuple(names):
            await self._ask([("HDEL", self._keys.control, *fields)])

    def _decoded(self, found: Mapping[bytes, bytes]) -> Control:
        decisions: dict[str, ExperimentDecision] = {}
        counts: dict[CountKey, int] = {}
        workers = []
        try:
            for raw, value in found.items():
                kind, _, name = raw.decode().partition(":")
                if kind == "experiment":
                    decisions[name] = _STANDING.validate_json(value)
                elif kind == "count":
                    counts[_key(name)] = int(value)
                elif kind == "worker":
                    workers.append(name)
        except ValueError as exc:  # pydantic's ValidationError is one
            raise StoreCorrupt(self._keys.control, f"{raw.decode(errors='replace')}: {exc}") from exc
        return Control(decisions, counts, frozenset(workers))

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)


def _name(key: CountKey) -> str:
    return "count:" + ":".join(map(str, key))


def _key(name: str) -> CountKey:
    experiment, serial, definition, arm, bucket_s, what = name.split(":")
    return CountKey(experiment, int(serial), definition, arm, int(bucket_s), what)
