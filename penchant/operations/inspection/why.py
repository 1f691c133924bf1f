"""Why: where an intent's age comes from. Pure; milliseconds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from agents.fleet.switches import Switches
from streams.records.intents import Intent
from streams.sessions.positions import Position

STAMPS = ("debounce", "backlog", "limiter", "queue", "prefill", "decode", "write")
"""The stamps of streams/records/intents.py, in the order of an event's way."""

MEANINGS = {
    "reading": "from the last event to a worker's read, as clocks have it",
    "debounce": "for the shopper to pause (triggers, rhythm)",
    "backlog": "behind others who were due earlier",
    "limiter": "in line for a slot at a model server",
    "queue": "in the model server's own queue",
    "prefill": "for the prompt to be computed",
    "decode": "for the answer",
    "write": "for Redis",
    "since": "since it was written",
}


LATELY_S = 60.0
"""For how long a partition that changed hands explains a wait: what the other had not committed is read again."""

NO_SWITCHES = Switches()


class Part(NamedTuple):
    """One part of an intent's age."""

    name: str
    ms: float


@dataclass(frozen=True, slots=True)
class Later:
    """What stands in the topic after the stored session: the shopper's own records, of so many that were looked
    through; the first one's timestamp; and whether all was looked through."""

    records: int
    searched: int
    first_ms: int | None = None
    complete: bool = True


class Holder(NamedTuple):
    """Who has the shopper's partition, by the heartbeats, and for how long; of partitions that nobody has, neither."""

    worker: str = ""
    held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class IntentStatus:
    """How the intent stands to what is stored and what is in the topic, and what was decided meanwhile. `stored`: the
    context's position; `owed`: an intent is still to come for it; `withheld`: the holdout that the shopper is in;
    `erased_ms`: when the shopper was last to be forgotten (epoch), `opted_out` until they say otherwise; `holder` is
    None where it is not known who has the partition; `asks` is the offset of the last stored event that asks for a
    call."""

    stored: Position | None
    owed: bool = False
    later: Later | None = None
    switches: Switches = NO_SWITCHES
    withheld: str = ""
    erased_ms: int = 0
    opted_out: bool = False
    holder: Holder | None = None
    asks: int = -1


def parts(intent: Intent, now_ms: float) -> list[Part]:
    """The age, part by part. Their sum is the age, but where clocks differ."""
    waits = [Part(name, getattr(intent.waits, f"{name}_ms")) for name in STAMPS]
    to_write = intent.written_at_ms - intent.as_of_ms
    reading = max(to_write - sum(part.ms for part in waits), 0.0)
    return [Part("reading", reading), *waits, Part("since", max(now_ms - intent.written_at_ms, 0.0))]


def largest(found: list[Part], *, made: bool = False) -> Part:
    """The largest part; with `made` of those until it was written."""
    return max((part for part in found if not made or part.name != "since"), key=lambda part: part.ms)


def verdict(intent: Intent | None, status: IntentStatus, now_ms: float) -> str:
    """One sentence: why it is as old as it is, and whose turn it is. What operators decided comes first."""
    if (said := _decided(status)) or intent is None:
        return said or _absent(status)
    later = status.later
    if later is not None and later.records:
        waited_s = (now_ms - (later.first_ms or now_ms)) / 1e3
        return f"{later.records} later events stand in the topic, the first since {waited_s:.1f} s: {_behind(status)}"
    if status.stored is not None and status.stored > Position.parse(intent.position):
        if not status.owed:
            return LEFT_OUT if status.asks > Position.parse(intent.position).offset else NOBODY_ASKS
        return f"later events are stored without an intent, and a call is owed: {_owing(status)}"
    if intent.source == "rules" and status.owed:
        why = _owing(status)
        still = "the model's answer is owed, and comes when it is back"
        return f"the rules stand in: {still if why == MODEL_BEHIND else why}"
    made = largest(parts(intent, now_ms), made=True)
    return f"nothing has come since: it is as new as it can be; most of its making was {made.name}, {made.ms:.0f} ms"


def _decided(status: IntentStatus) -> str:
    """Why there is to be no intent; empty where there is to be one."""
    if status.opted_out:
        return "the shopper has opted out: their events count for nothing, and nothing is kept"
    if status.withheld:
        return f"the shopper is in the holdout {status.withheld}, which gets no intents"
    return ""


NOBODY_ASKS = "later events are stored, none of which asks for a call"
LEFT_OUT = (
    "later events are stored, and their call was left out: by the rules stage, mission, category, brand and prices are "
    "what they were when the model was last asked (calls.unchanged_for_s)"
)
MODEL_BEHIND = "the model is behind or away"


def _absent(status: IntentStatus) -> str:
    if status.later is not None and status.later.records:
        return f"there is no intent yet, and {status.later.records} events stand in the topic: {_behind(status)}"
    if status.stored is None:
        if status.erased_ms:
            when = datetime.fromtimestamp(status.erased_ms / 1e3, UTC).isoformat(timespec="seconds")
            return f"the shopper was erased (asked for at {when}), and nothing is known since"
        return "nothing is known of this shopper: no event, or all of it has expired"
    if status.owed:
        return f"a session is stored and its first intent is owed: {_owing(status)}"
    return "a session is stored whose intent has expired, or which never asked for a call"


def _behind(status: IntentStatus) -> str:
    """Who holds up what stands in the topic."""
    if status.switches.on("pause"):
        return f"reading is paused {status.switches.set_by('pause')}"
    if status.switches.on("freeze_writes"):
        return f"writes are frozen {status.switches.set_by('freeze_writes')}"
    return _handed_over(status) or "a worker is behind"


def _owing(status: IntentStatus) -> str:
    """Who holds up a call that is owed."""
    if status.switches.on("rules_only"):
        return f"no model is called {status.switches.set_by('rules_only')}"
    if status.switches.on("freeze_writes"):
        return f"writes are frozen {status.switches.set_by('freeze_writes')}"
    if (rate := status.switches.word("calls_per_second")) is not None:
        return f"the fleet makes {rate} calls a second at the most, {status.switches.set_by('calls_per_second')}"
    return _handed_over(status) or MODEL_BEHIND


def _handed_over(status: IntentStatus) -> str:
    """That a rebalance is to blame; empty where it is not."""
    holder = status.holder
    if holder is None:
        return ""
    if not holder.worker:
        return "no worker has its partition: none runs, or the group rebalances"
    if holder.held_s < LATELY_S:
        when = f"its partition went to {holder.worker} {holder.held_s:.0f} s ago (a rebalance)"
        return f"{when}, which reads again what the one before had not committed"
    return ""
