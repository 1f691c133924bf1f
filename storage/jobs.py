"""Jobs: what the fleet is to do beside live traffic, how far it came, who runs it, and what teams have spent.

One hash beside the control hash and in its slot: a field for each job, which changes by comparing what stands there;
one for each job's progress and each runner, which their writer alone sets; and counts, which are only added to.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import TypeAdapter

from storage.activity import LENGTH, Activity
from storage.connection import Client, Command, ask
from storage.keys import Keys
from streams.errors import StoreCorrupt

ALIVE_MS = 10_000
"""A runner that was not heard of for so long is gone."""

FIELDS = 64
"""So many are read in one turn of the event loop."""

Kind = Literal["requests", "products"]
State = Literal["waiting", "paused", "cancelled", "done", "failed", "expired"]
ENDED: frozenset[State] = frozenset({"cancelled", "done", "failed", "expired"})

CHANGE = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, 5))
return 1
"""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done, as people decided it. `file` and `folder` are where every runner finds them. A higher
    `priority` goes first, then the earlier deadline; by it what has not ended expires. Times are epoch milliseconds;
    `why` is of the last change."""

    id: str
    kind: Kind
    file: str
    folder: str
    team: str
    use_case: str
    who: str
    at_ms: int
    priority: int = 0
    deadline_ms: int | None = None
    state: State = "waiting"
    why: str = ""
    ended_ms: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job came: items `done` of `total`, `failed` among them, `kept` from before this run of it, which began
    at `began_ms`. Calls and tokens are those of all its runs; `cost` at the stated prices, None without any. `waits` is
    why its last run stopped short of the end, and `outage` that no server answered."""

    total: int | None = None
    done: int = 0
    failed: int = 0
    kept: int = 0
    calls: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    call_ms: int = 0
    cost: float | None = None
    began_ms: int = 0
    at_ms: int = 0
    waits: str = ""
    outage: bool = False

    def left_s(self) -> float | None:
        """Seconds until its end at the pace of this run; None where that is not known."""
        made, took_ms = self.done - self.kept, self.at_ms - self.began_ms
        if self.total is None or made <= 0 or took_ms <= 0:
            return None
        return round((self.total - self.done) * took_ms / made / 1e3, 1)


class Spending(NamedTuple):
    """Whose counts: those of a team's use case."""

    team: str
    use_case: str


@dataclass(frozen=True, slots=True)
class Runner:
    """A process that runs jobs: which one, and its calls in flight, by the store's time."""

    job: str
    in_flight: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Jobs:
    """All that stands there. `runners` are those that are alive, by name; `spent` are tokens by team in the hour that
    runs; `at_ms` is the store's time."""

    jobs: Mapping[str, Job] = field(default_factory=dict)
    progress: Mapping[str, Progress] = field(default_factory=dict)
    runners: Mapping[str, Runner] = field(default_factory=dict)
    usage: Mapping[Spending, Mapping[str, int]] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    at_ms: int = 0

    def held_by(self, job: str) -> str | None:
        """The runner that says it runs a job."""
        return next((name for name, runner in self.runners.items() if runner.job == job), None)


_JOB: TypeAdapter[Job] = TypeAdapter(Job)
_PROGRESS: TypeAdapter[Progress] = TypeAdapter(Progress)
_RUNNER: TypeAdapter[Runner] = TypeAdapter(Runner)
HOUR_MS = 3_600_000


class RedisJobs:
    """The port on Redis. Every method raises StoreUnavailable, `read` StoreCorrupt too."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def read(self) -> Jobs:
        """All of it."""
        found, (seconds, micros) = await self._ask([("HGETALL", self._keys.jobs), ("TIME",)])
        return await jobs_of(self._keys.jobs, found, int(seconds) * 1_000 + int(micros) // 1_000)

    async def change(self, before: Job | None, job: Job, activity: Activity) -> bool:
        """Write a job where it stands as `before`, or None, with who did it; returns whether it did."""
        old = b"" if before is None else orjson.dumps(before)
        names = (self._keys.jobs, self._keys.activity, f"job:{job.id}")
        command: Command = ("EVAL", CHANGE, 2, *names, old, orjson.dumps(job), LENGTH, *activity.fields())
        (done,) = await self._ask([command])
        return bool(done)

    async def note(self, job: Job, progress: Progress, name: str, runner: Runner, added: Mapping[str, int]) -> None:
        """How far a runner came with a job, and what that came to since it last said so. After StoreUnavailable the
        counts may have been added."""
        key, tokens = self._keys.jobs, added.get("input", 0) + added.get("output", 0)
        commands: list[Command] = [
            ("HSET", key, f"progress:{job.id}", orjson.dumps(progress), f"runner:{name}", orjson.dumps(runner))
        ]
        commands += [
            ("HINCRBY", key, f"usage:{job.team}:{job.use_case}:{what}", count) for what, count in added.items() if count
        ]
        if tokens:
            commands.append(("HINCRBY", key, f"spent:{job.team}:{runner.at_ms // HOUR_MS}", tokens))
        await self._ask(commands)

    async def leave(self, name: str) -> None:
        """A runner runs nothing more."""
        await self._ask([("HDEL", self._keys.jobs, f"runner:{name}")])

    async def forget(self, jobs: Iterable[str]) -> None:
        """Remove jobs and their progress, and what teams spent in hours that are over."""
        found: list[bytes] = (await self._ask([("HKEYS", self._keys.jobs)]))[0]
        gone = {f"{kind}:{job}" for job in jobs for kind in ("job", "progress")}
        ((seconds, _),) = await self._ask([("TIME",)])
        this = int(seconds) // (HOUR_MS // 1_000)
        names = [name.decode() for name in found]
        gone |= {name for name in names if name.startswith("spent:") and int(name.rpartition(":")[2]) < this}
        if gone:
            await self._ask([("HDEL", self._keys.jobs, *gone)])

    async def _ask(self, commands: list[Command]) -> list[Any]:
        return await ask(self._client, commands, self._timeout_s)


async def jobs_of(key: str, found: Mapping[bytes, bytes], at_ms: int) -> Jobs:
    """What the fields say; those of later versions are left out. Others have their turn meanwhile: there may be
    thousands. Raises StoreCorrupt."""
    jobs: dict[str, Job] = {}
    progress: dict[str, Progress] = {}
    runners: dict[str, Runner] = {}
    usage: dict[Spending, dict[str, int]] = {}
    spent: dict[str, int] = {}
    try:
        for number, (raw, value) in enumerate(found.items(), 1):
            if number % FIELDS == 0:
                await asyncio.sleep(0)
            kind, _, name = raw.decode().partition(":")
            if kind == "job":
                jobs[name] = _JOB.validate_json(value)
            elif kind == "progress":
                progress[name] = _PROGRESS.validate_json(value)
            elif kind == "runner" and (runner := _RUNNER.validate_json(value)).at_ms > at_ms - ALIVE_MS:
                runners[name] = runner
            elif kind == "usage":
                team, use_case, what = name.split(":")
                usage.setdefault(Spending(team, use_case), {})[what] = int(value)
            elif kind == "spent" and name.endswith(f":{at_ms // HOUR_MS}"):
                spent[name.partition(":")[0]] = int(value)
    except ValueError as exc:  # pydantic's ValidationError is one
        raise StoreCorrupt(key, f"{raw.decode(errors='replace')}: {exc}") from exc
    return Jobs(jobs, progress, runners, usage, spent, at_ms)
