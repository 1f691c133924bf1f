"""Dead letters: what we refuse and why, and when to stop refusing. Pure.

Refusing everything is worse than stopping: after a bad deployment it would drain the topic into the dead-letter topic.
So refusals stay uncovered until their window has passed, and a tripped limit trips again after a restart.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from streams.errors import DeadLetterLimit
from streams.events.decoding import Record
from streams.sessions.ledger import Ticket

OURS = "penchant-"
"""How the names of our headers begin."""

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record, as it goes to the dead-letter topic: its own key, value and headers, and where and why in ours.

    `timestamp_ms` is the refused record's, None where it had none.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    path: str = ""
    detail: str = ""
    timestamp_ms: int | None = None
    own_headers: Headers = ()

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Kafka headers; `penchant-path` is the field at fault, `items.0.price` say."""
        values = {
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
            "reason": self.reason,
            "path": self.path,
            "detail": self.detail[:500],
        }
        if self.timestamp_ms is not None:
            values["timestamp"] = str(self.timestamp_ms)
        return [*self.own_headers, *((OURS + name, value.encode()) for name, value in values.items())]

    @classmethod
    def read(cls, record: Record) -> Self | None:
        """The letter that a record of the dead-letter topic is; None for a record that is none."""
        told = {name: value or b"" for name, value in record.headers if name.startswith(OURS)}
        own = tuple((name, value) for name, value in record.headers if not name.startswith(OURS))
        try:
            topic, reason, path, detail = (told[OURS + name].decode() for name in ("topic", "reason", "path", "detail"))
            partition, offset = int(told[f"{OURS}partition"]), int(told[f"{OURS}offset"])
            time_ms = int(told[f"{OURS}timestamp"]) if f"{OURS}timestamp" in told else None
        except (KeyError, ValueError):
            return None
        return cls(topic, partition, offset, record.key, record.value, reason, path, detail, time_ms, own)


@dataclass(frozen=True, slots=True)
class LimitRules:
    """Stop when more than `share` of a window's events is refused, once it holds `min_events`."""

    share: float = 0.5
    window_s: float = 10.0
    min_events: int = 100


class RefusalWindow:
    """Counts accepted and refused events in windows of arrival time, and settles refusals once theirs has passed."""

    def __init__(self, rules: LimitRules) -> None:
        self._rules = rules
        self._began_s: float | None = None
        self._events = self._refused = 0
        self._held: deque[tuple[float, Ticket]] = deque()

    def count(self, accepted: int, refused: int, now_s: float) -> None:
        """Count a slice of events. Raises DeadLetterLimit when too large a share is refused."""
        if self._began_s is None or now_s >= self._began_s + self._rules.window_s:
            self._began_s, self._events, self._refused = now_s, 0, 0
        self._events += accepted + refused
        self._refused += refused
        if refused and self._events >= self._rules.min_events and self._refused > self._rules.share * self._events:
            message = f"{self._refused} of the last {self._events} events were refused"
            remedy = (
                "look at the dead-letter topic for the reasons; mend the producer, or the dialect in the settings, and "
                "start again: nothing of this window was committed. dead_letters.limit_share sets the limit"
            )
            raise DeadLetterLimit(message, remedy)

    def hold(self, ticket: Ticket, now_s: float) -> None:
        """The refusal's dead letter is acknowledged: settle its ticket once the limit's window has passed."""
        self._held.append((now_s, ticket))

    def settle(self, now_s: float) -> None:
        """Settle what was refused a window ago or earlier."""
        while self._held and self._held[0][0] + self._rules.window_s <= now_s:
            self._held.popleft()[1].settle()
