"""Jobs: what operators and teams see of them, and what they decide."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from re import fullmatch
from typing import Any, Literal
from uuid import uuid4

from agents.jobs.order import in_order, is_late
from clients.pools.endpoints import Price
from penchant.operations.activity_topic import copy_activity
from penchant.settings.root import Settings
from penchant.settings.teams import NAME
from storage.activity import Activity
from storage.jobs import ENDED, Job, Jobs, Kind, Progress, RedisJobs, State
from storage.keys import Keys
from streams.errors import SettingInvalid, StoreUnavailable

MOST_WAITING = 1_000
"""Jobs that have not ended; of the others so many are kept, the newest."""

MOST_ENDED = 200
PRIORITIES = 9
TRIES = 5

Verb = Literal["pause", "resume", "cancel"]
_FROM: Mapping[Verb, tuple[frozenset[State], State]] = {
    "pause": (frozenset({"waiting"}), "paused"),
    "resume": (frozenset({"paused", "failed", "cancelled", "expired"}), "waiting"),
    "cancel": (frozenset({"waiting", "paused"}), "cancelled"),
}


@dataclass(frozen=True, slots=True)
class JobAsked:
    """A job as it is submitted. Without a `team` it is that of whoever submits it, or their name."""

    kind: Kind
    file: Path
    folder: Path
    use_case: str
    team: str | None = None
    priority: int = 0
    deadline_ms: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it stands: with its progress, and the runner that has it. `place` is how many go before it."""

    job: Job
    progress: Progress
    runner: str | None
    place: int | None = None

    @property
    def state(self) -> str:
        """`running` where somebody has it."""
        return "running" if self.runner and self.job.state == "waiting" else self.job.state

    @property
    def waits(self) -> str:
        """Why it does not run, though it may, as its last run said; empty where nothing is known."""
        return self.progress.waits if self.state == "waiting" else ""

    def report(self) -> dict[str, Any]:
        """As JSON shows it."""
        shown = asdict(self.job) | {"state": self.state, "runner": self.runner, "place": self.place}
        return shown | {"progress": asdict(self.progress) | {"left_s": self.progress.left_s()}}


@dataclass(frozen=True, slots=True)
class Bill:
    """What a team's use case came to, since its first job. `cost` at the stated prices, None without any."""

    team: str
    use_case: str
    calls: int
    failed: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    mean_call_s: float | None
    cost: float | None


def views(there: Jobs) -> list[JobView]:
    """All jobs: those that have not ended in their order, then the others, the newest first."""
    order = {job.id: place for place, job in enumerate(in_order(there, {}))}
    found = [
        JobView(job, there.progress.get(job.id, Progress()), there.held_by(job.id), order.get(job.id))
        for job in there.jobs.values()
    ]
    return sorted(
        found, key=lambda each: (each.job.state in ENDED, order.get(each.job.id, len(order)), -each.job.at_ms)
    )


def bills(there: Jobs, price: Callable[[str], Price | None]) -> list[Bill]:
    """What each team's use cases came to; `price` is that of a use case."""
    return [_bill(*key, counts, price(key.use_case)) for key, counts in sorted(there.usage.items())]


async def read_jobs(settings: Settings) -> Jobs:
    """What stands there now. StoreUnavailable, StoreCorrupt."""
    async with _store(settings) as store:
        return await store.read()


async def find_job(settings: Settings, name: str) -> JobView:
    """One job. SettingInvalid where there is none of the name."""
    there = await read_jobs(settings)
    found = next((each for each in views(there) if each.job.id == name), None)
    if found is None:
        raise _unknown(name)
    return found


async def submit(settings: Settings, asked: JobAsked, who: str, why: str = "") -> Job:
    """Add a job. SettingInvalid names what is wrong with it, or says that too many wait."""
    team = asked.team or team_of(settings, who)
    for what, name in (("team", team), ("use case", asked.use_case)):
        if not fullmatch(NAME, name):
            raise SettingInvalid(f"the {what} is {name!r}", "use a letter a to z, then letters, digits, - or _")
    _check_priority(asked.priority)
    if asked.deadline_ms is not None and asked.deadline_ms <= 0:
        raise SettingInvalid("the deadline has passed", "give a time that is to come")
    async with _store(settings) as store:
        there, folder = await store.read(), str(asked.folder.resolve())
        under_way = [job for job in there.jobs.values() if job.state not in ENDED]
        if len(under_way) >= MOST_WAITING:
            raise SettingInvalid(f"{MOST_WAITING:,} jobs wait already", "cancel some, or wait until some have ended")
        if other := next((job.id for job in under_way if job.folder == folder), None):
            raise SettingInvalid(
                f"{other} writes into {folder}", "name another folder: the later would replace its files"
            )
        job = Job(
            f"job_{uuid4().hex[:16]}", asked.kind, str(asked.file.resolve()), folder, team, asked.use_case, who,
            there.at_ms, asked.priority, asked.deadline_ms, why=why, options=asked.options,
        )  # fmt: skip
        if not await store.change(None, job, Activity("job", job.id, "submit", who, why)):
            raise StoreUnavailable("another job has taken the same name")  # by a chance of 1 in 2^64
        await store.forget(to_forget(there))
    await copy_activity(settings)
    return job


def to_forget(there: Jobs) -> list[str]:
    """Those of the jobs that are no longer kept: whichever ended first, however late they were submitted."""
    ended = sorted((each for each in there.jobs.values() if each.state in ENDED), key=lambda each: each.ended_ms or 0)
    return [each.id for each in ended[:-MOST_ENDED]]


async def move(settings: Settings, name: str, verb: Verb, who: str, why: str = "") -> Job:
    """Pause, resume or cancel a job; runners follow within two seconds. One that stands so already is left as it is.
    One that is resumed after its deadline has none any more.

    SettingInvalid where there is none, or where it has ended.
    """
    froms, to = _FROM[verb]

    def moved(job: Job, at_ms: int) -> Job:
        if job.state == to:
            return job
        if job.state not in froms:
            raise SettingInvalid(
                f"{name} is {job.state}", f"only a job that is {' or '.join(sorted(froms))} can {verb}"
            )
        deadline_ms = None if to == "waiting" and is_late(job, at_ms) else job.deadline_ms
        return replace(job, state=to, why=why, ended_ms=at_ms if to in ENDED else None, deadline_ms=deadline_ms)

    return await _changed(settings, name, moved, Activity("job", name, verb, who, why))


async def set_priority(settings: Settings, name: str, priority: int, who: str, why: str = "") -> Job:
    """Let a job go before others, or behind them. SettingInvalid where there is none."""
    _check_priority(priority)
    activity = Activity("job", name, f"priority {priority}", who, why)
    return await _changed(settings, name, lambda job, _: replace(job, priority=priority), activity)


def team_of(settings: Settings, who: str) -> str:
    """The team that somebody is a member of, else one by their name, as far as a team may have it; never one that the
    settings name, because its files are its members' alone."""
    for name, team in settings.teams.items():
        if who in team.members:
            return name
    letters = (each if each.isascii() and each.isalnum() else "-" for each in who.partition("@")[0].lower())
    own = "".join(letters).strip("-")
    own = own[:40] if own[:1].isalpha() else f"team-{own}"[:40]
    return f"user-{own}"[:40] if own in settings.teams else own


async def _changed(settings: Settings, name: str, change: Callable[[Job, int], Job], activity: Activity) -> Job:
    async with _store(settings) as store:
        for _ in range(TRIES):
            there = await store.read()
            if (before := there.jobs.get(name)) is None:
                raise _unknown(name)
            after = change(before, there.at_ms)
            if after == before:
                return before
            if await store.change(before, after, activity):
                await copy_activity(settings)
                return after
    raise StoreUnavailable(f"others decide on {name} all the time")


def _bill(team: str, use_case: str, counts: Mapping[str, int], price: Price | None) -> Bill:
    calls, given, cached, made = (counts.get(name, 0) for name in ("calls", "input", "cached", "output"))
    return Bill(
        team, use_case, calls, counts.get("failed", 0), given, cached, made,
        round(counts.get("ms", 0) / calls / 1e3, 3) if calls else None,
        price.of_tokens(given, cached, made) if price else None,
    )  # fmt: skip


def _check_priority(priority: int) -> None:
    if not -PRIORITIES <= priority <= PRIORITIES:
        raise SettingInvalid(f"the priority is {priority}", f"give one from -{PRIORITIES} to {PRIORITIES}; 0 is usual")


def _unknown(name: str) -> SettingInvalid:
    return SettingInvalid(f"there is no job {name!r}", "penchant jobs list shows them")


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[RedisJobs]:
    redis = settings.redis.connect()
    try:
        yield RedisJobs(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    finally:
        await redis.aclose()
