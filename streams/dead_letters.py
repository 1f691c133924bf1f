"""Dead letters: what we refuse and why, and when to stop refusing. Pure.

Refusing everything is worse than stopping: after a bad deployment it would drain the topic into the dead-letter topic.
So refusals stay uncovered until their window has passed, and a tripped limit trips again after a restart.
"""

from collections import deque
from dataclasses import dataclass

from streams.errors import DeadLetterLimit
from streams.ledger import Ticket


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record, as it goes to the dead-letter topic: its own key and value, and where and why in headers."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str
    path: str = ""
    detail: str = ""

    def headers(self) -> list[tuple[str, bytes]]:
        """Kafka headers; `penchant-path` is the field at fault, `items.0.price` say."""
        values = {
            "penchant-topic": self.topic,
            "penchant-partition": str(self.partition),
            "penchant-offset": str(self.offset),
            "penchant-reason": self.reason,
            "penchant-path": self.path,
            "penchant-detail": self.detail[:500],
        }
        return [(name, value.encode()) for name, value in values.items()]


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
