"""Pipeline: which part holds the others up, and the sentence that says so. Pure.

The parts stand in the order of an event's way. What is thrown by people comes before what fails, and what fails before
what is slow: an operator at night is to read the first cause first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from agents.fleet.switches import Name
from penchant.console.changes import replica_states
from penchant.console.snapshot import Snapshot
from penchant.console.words import a_second, count, many, seconds, share

Part = Literal["kafka", "sessions", "backlog", "models", "grounding", "redis"]
State = Literal["fresh", "slow", "bad"]

FULL = 0.9
"""The share of the slots in use from which a model holds others up while shoppers wait."""

BEHIND_S = 3.0
"""How long events may stand in Kafka unread, by the rate at which they come."""

SLOW_LOOP_MS = 250.0


@dataclass(frozen=True, slots=True)
class Blame:
    """Which part, how bad, and why: `answer` is the page's sentence, `reason` the one after it."""

    part: Part | None
    state: State
    answer: str
    reason: str = ""


def blame(seen: Snapshot, target_s: float) -> Blame:
    """The first cause that holds, or that all is well."""
    causes = (*_unknown(seen), *_thrown(seen), *_away(seen), *_slow(seen, target_s))
    return causes[0] if causes else _well(seen, target_s)


def states(seen: Snapshot, target_s: float) -> Mapping[Part, State]:
    """Each part that is not fresh, as the worst cause that names it."""
    found: dict[Part, State] = {}
    for cause in (*_unknown(seen), *_thrown(seen), *_away(seen), *_slow(seen, target_s), *_worn(seen)):
        if cause.part is not None and found.get(cause.part) != "bad":
            found[cause.part] = cause.state
    return found


def _unknown(seen: Snapshot) -> Iterator[Blame]:
    if seen.away is not None:
        yield Blame("redis", "bad", "Redis does not answer: rankers read no intents from it.", seen.away)
    elif not seen.workers:
        words = "No worker is alive: intents grow old."
        yield Blame("sessions", "bad", words, "Start one with: penchant worker. Nothing is lost meanwhile.")


def _thrown(seen: Snapshot) -> Iterator[Blame]:
    parts: dict[Name, tuple[Part, str]] = {
        "freeze_writes": ("redis", "Intents are not written"),
        "pause": ("kafka", "Events are not read"),
        "rules_only": ("models", "The rules make all intents"),
    }
    for name, (part, words) in parts.items():
        if (thrown := seen.switches.get(name)) is not None:
            since = seconds((seen.at_ms - thrown.at_ms) / 1e3)
            switch = name.replace("_", "-")
            reason = f"{thrown.who} threw the switch {switch} {since} ago. Back with: penchant control clear {switch}"
            yield Blame(part, "slow" if name == "rules_only" else "bad", f"{words}, since the switch {switch}.", reason)


def _away(seen: Snapshot) -> Iterator[Blame]:
    parts: dict[str, tuple[Part, str]] = {
        "redis": ("redis", "Workers do not reach Redis: nothing is written."),
        "kafka": ("kafka", "Kafka is away: no events come in."),
        "model": ("models", "The model is away: the rules stand in."),
        "dead_letters": ("kafka", "The dead-letter topic takes no records."),
    }
    for name, (part, words) in parts.items():
        told = [worker["away"][name] for worker in seen.workers.values() if name in worker.get("away", {})]
        if told:
            of = f"{len(told)} of {len(seen.workers):,} workers say so: {told[0]}"
            yield Blame(part, "slow" if name == "dead_letters" else "bad", words, of)


def _slow(seen: Snapshot, target_s: float) -> Iterator[Blame]:
    """Late, by the histogram or, where no metrics are read, by the workers' own p95; and whose fault it is."""
    late_s = p95_s(seen)
    behind = _behind(seen)
    if late_s is None or late_s <= target_s:
        if behind:
            yield Blame("sessions", "slow", "Workers fall behind the topic.", behind)
        return
    words = f"Intents are late: 95 % are readable within {seconds(late_s)}, and the target is {target_s:g} s."
    used, limit, owed = total(seen, "in_flight"), total(seen, "limit"), total(seen, "owed")
    if behind:
        yield Blame("sessions", "slow", words, behind)
    elif used >= FULL * limit and owed:
        waiting = many(round(owed), "shopper waits", "shoppers wait")
        yield Blame("models", "slow", words, f"The models are full: {used:.0f} of {limit:.0f} slots, and {waiting}.")
    else:
        yield Blame("backlog", "slow", words, f"{count(owed)} shoppers wait for a call; the models have free slots.")


def _worn(seen: Snapshot) -> Iterator[Blame]:
    """Parts that hold nobody up yet, though something of them is out."""
    gone = [name for (_, name), state in replica_states(seen).items() if state != "in"]
    if gone:
        yield Blame("models", "slow", "", f"{', '.join(gone)} out")


def _behind(seen: Snapshot) -> str:
    """Why events stand unread, if they do: more than come in a few seconds."""
    lag, incoming = total(seen, "lag"), seen.now.events_per_s
    if lag <= max(BEHIND_S * (incoming or 0.0), 1_000.0):
        return ""
    stuck = [name for name, told in seen.workers.items() if (told.get("loop_lag_p99_ms") or 0.0) > SLOW_LOOP_MS]
    busy = f" The core of {stuck[0]} is full." if stuck else ""
    return f"{lag:,.0f} events stand unread in the topic, and {a_second(incoming, 'come')}.{busy}"


def _well(seen: Snapshot, target_s: float) -> Blame:
    late_s, now = p95_s(seen), seen.now
    if late_s is None or not (now.intents_per_s or now.intents_per_s is None):
        fleet = many(len(seen.workers), "worker")
        owed = total(seen, "owed")
        nobody = "No shopper waits." if not owed else f"{count(owed)} shoppers wait."
        return Blame(None, "fresh", f"All is quiet. {nobody}", f"{fleet} alive; no intent was written lately.")
    words = f"Intents are fresh: 95 % are readable within {seconds(late_s)}."
    calls = (
        f" {a_second(now.calls_per_s, 'calls')} for {a_second(now.events_per_s, 'events')}" if now.calls_per_s else ""
    )
    rules = f", {share(now.rules_share)} of intents by rules" if now.rules_share else ""
    return Blame(None, "fresh", words, f"The target is {target_s:g} s.{calls}{rules}{'.' if calls else ''}")


def p95_s(seen: Snapshot) -> float | None:
    """Freshness now in seconds; None when nothing was written lately."""
    if seen.samples:
        return seen.now.p95_s
    told = [float(worker["freshness_p95_ms"]) for worker in seen.workers.values() if worker.get("freshness_p95_ms")]
    return max(told) / 1e3 if told else None


def total(seen: Snapshot, name: str) -> float:
    """A figure of the heartbeats, summed."""
    return sum(float(worker.get(name) or 0) for worker in seen.workers.values())
