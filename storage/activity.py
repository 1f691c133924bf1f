"""The activity log: who decided what for the fleet, when and why. A capped stream in Redis, beside the control hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from storage.connection import Client, ask
from storage.keys import Keys

Kind = Literal["switch", "experiment", "erasure", "unmasking", "audience", "replay", "job"]
LENGTH = 10_000
"""About how many entries are kept: the newest."""

COPIED = "copied:activity"
"""The field of the control hash with the id of the last entry that a topic has."""

_KINDS: tuple[str, ...] = get_args(Kind)
_FIELDS = (b"kind", b"name", b"value", b"who", b"why")


@dataclass(frozen=True, slots=True)
class Activity:
    """One entry: `value` is what `name` was set to, `clear` where a switch was put back, what was done with the shopper
    whose hash `name` is, with the audience of the product `name` or with the job `name`, or the command of a replay
    into the namespace `name`. `at_ms` is the store's time in epoch milliseconds, 0 before it is written."""

    kind: Kind
    name: str
    value: str
    who: str
    why: str = ""
    at_ms: int = 0

    def fields(self) -> tuple[str, ...]:
        """As the stream holds it: names and values by turns."""
        pairs = {"kind": self.kind, "name": self.name, "value": self.value, "who": self.who, "why": self.why}
        return tuple(word for pair in pairs.items() for word in pair)


async def append_activity(client: Client, keys: Keys, timeout_s: float, entry: Activity) -> None:
    """Write an entry that goes with no switch. StoreUnavailable."""
    await ask(client, [("XADD", keys.activity, "MAXLEN", "~", LENGTH, "*", *entry.fields())], timeout_s)


async def read_uncopied(client: Client, keys: Keys, timeout_s: float) -> list[tuple[str, Activity]]:
    """The entries that no topic has yet, by their ids, the oldest first. StoreUnavailable."""
    (last,) = await ask(client, [("HGET", keys.control, COPIED)], timeout_s)
    oldest = b"(" + last if last else "-"
    (entries,) = await ask(client, [("XREVRANGE", keys.activity, "+", oldest, "COUNT", LENGTH)], timeout_s)
    return [(number.decode(), _activity(number, fields)) for number, fields in reversed(entries)]


async def note_copied(client: Client, keys: Keys, timeout_s: float, last: str) -> None:
    """All entries up to this id are in the topic. StoreUnavailable."""
    await ask(client, [("HSET", keys.control, COPIED, last)], timeout_s)


async def read_activity(client: Client, keys: Keys, timeout_s: float, newest: int) -> list[Activity]:
    """So many of the newest entries, the newest first. Kinds of later versions are left out. StoreUnavailable."""
    (entries,) = await ask(client, [("XREVRANGE", keys.activity, "+", "-", "COUNT", newest)], timeout_s)
    return [
        _activity(number, fields)
        for number, fields in entries
        if fields.get(b"kind", b"").decode(errors="replace") in _KINDS
    ]


def _activity(number: bytes, fields: Mapping[bytes, bytes]) -> Activity:
    """Raises nothing: what is not text is shown as far as it is."""
    kind, name, value, who, why = (fields.get(each, b"").decode(errors="replace") for each in _FIELDS)
    return Activity(cast("Kind", kind), name, value, who, why, int(number.partition(b"-")[0]))
