"""Dead letters: what we refuse and why, and when to stop refusing. Pure.

Refusing everything is worse than stopping: after a bad deployment it would drain the topic into the dead-letter topic.
So refusals stay uncovered until their window has passed, and a tripped limit trips again after a restart.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self

from streams.errors import DeadLetterLimit
from streams.events.decoding import Record
from streams.section import Events, SecondsOrZero, Share, section
from streams.sessions.ledger import Ticket

OURS = "penchant-"
"""How the names of our headers begin."""

MOST = 500
"""Characters of a path or a detail at the most."""

HEADER_BYTES = 10
"""What a header takes beside its name and its value."""

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record, as it goes to the dead-letter topic: its own key, value and headers, and where and why in ours.

    `timestamp_ms` is the refused record's, None where it had none. One that was too large for the topic is shortened:
    then `original_bytes` is the size of its value, and `digest` that value's SHA-256 in hexadecimal digits.
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
    original_bytes: int | None = None
    digest: str = ""

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Kafka headers; `penchant-path` is the field at fault, `items.0.price` say."""
        values = {
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
            "reason": self.reason,
            "path": self.path[:MOST],
            "detail": self.detail[:MOST],
        }
        if self.timestamp_ms is not None:
            values["timestamp"] = str(self.timestamp_ms)
        if self.original_bytes is not None:
            values |= {"original-bytes": str(self.original_bytes), "sha256": self.digest}
        own = [(_utf8(name).decode(), value) for name, value in self.own_headers]
        return [*own, *((OURS + name, _utf8(value)) for name, value in values.items())]

    def shortened(self, most_bytes: int) -> Self:
        """The same letter in about so many bytes: the beginning of its value; its key and headers if they are short."""
        value = self.value or b""
        key = self.key if len(self.key or b"") <= most_bytes // 4 else None
        own = self.own_headers if _size(self.own_headers) <= most_bytes // 4 else ()
        digest = sha256(value).hexdigest()
        bare = replace(self, key=key, value=b"", own_headers=own, original_bytes=len(value), digest=digest)
        room = most_bytes - len(key or b"") - _size(bare.headers())
        return replace(bare, value=value[: max(room, 0)])

    def is_of(self, value: bytes | None) -> bool:
        """Whether this is the whole value of a shortened letter."""
        value = value or b""
        return len(value) == self.original_bytes and sha256(value).hexdigest() == self.digest

    @classmethod
    def read(cls, record: Record) -> Self | None:
        """The letter that a record of the dead-letter topic is; None when the record is not a dead letter."""
        ours = {name: value or b"" for name, value in record.headers if name.startswith(OURS)}
        own = tuple((name, value) for name, value in record.headers if not name.startswith(OURS))
        try:
            topic, reason, path, detail = (ours[OURS + name].decode() for name in ("topic", "reason", "path", "detail"))
            partition, offset = int(ours[f"{OURS}partition"]), int(ours[f"{OURS}offset"])
            time_ms, size = (_number(ours.get(OURS + name)) for name in ("timestamp", "original-bytes"))
            digest = ours.get(f"{OURS}sha256", b"").decode()
        except (KeyError, ValueError):
            return None
        place = topic, partition, offset
        return cls(*place, record.key, record.value, reason, path, detail, time_ms, own, size, digest)


def _number(value: bytes | None) -> int | None:
    return None if value is None else int(value)


def _utf8(text: str) -> bytes:
    """Bytes for any text. Halves of surrogate pairs, which stand for bytes that are no UTF-8, become `\\udcff`."""
    return text.encode(errors="backslashreplace")


def _size(headers: Headers) -> int:
    return sum(len(_utf8(name)) + len(value or b"") + HEADER_BYTES for name, value in headers)


@section
class LimitRules:
    """When to stop refusing: a topic in a wrong format must not be drained."""

    limit_share: Share = 0.5
    """The worker stops when more than this share of a window's events is refused."""
    window_s: SecondsOrZero = 10.0
    """The length of that window; refused events are committed only when their window has passed."""
    min_events: Events = 100
    """Windows with fewer events than this never stop the worker."""


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
        if (
            refused
            and self._events >= self._rules.min_events
            and self._refused > self._rules.limit_share * self._events
        ):
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
