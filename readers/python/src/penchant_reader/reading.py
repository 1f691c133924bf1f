"""What both readers share: what is asked, what the replies mean, what becomes of failures. No I/O here."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from penchant_reader import arguments
from penchant_reader.cache import Cache
from penchant_reader.decoding import decode, decode_packed
from penchant_reader.fields import ALL, DOC, HOT, PACKED, SCHEMA_FIELD, asked
from penchant_reader.freshness import Freshness
from penchant_reader.ids import InvalidId, id_text
from penchant_reader.intent import ReadFailed, ReadIntent, intent_of
from penchant_reader.reasons import reason_of

Decoded = Callable[..., ReadIntent | None]


class Ask(NamedTuple):
    """A command as it goes over the wire, the key that it is about, and what reads its reply, which may be an error.

    `again`: in a second round trip, to a server that has answered the first.
    """

    key: bytes
    packed: bytes
    read: Callable[[Any], Any] = lambda reply: reply
    again: bool = False


class Query(NamedTuple):
    """What is asked of each shopper: the fields, and for which purpose, if any."""

    names: tuple[str, ...]
    purpose: str = ""
    purpose_strict: bool = False

    def answer(self, intent: ReadIntent) -> ReadIntent:
        """The intent, or nothing for who did not agree to the purpose."""
        if not self.purpose or intent.missing or intent.agrees(self.purpose, strict=self.purpose_strict):
            return intent
        return intent_of({"shopper": intent.shopper, "reason": "purpose", "read_at_ms": intent.read_at_ms})


def query(fields: Iterable[str] | str, purpose: str, *, purpose_strict: bool) -> Query:
    """ValueError for fields that no hash has, and for a purpose that is none."""
    return Query(asked(fields), arguments.purpose(purpose), purpose_strict)


class Reading:
    """Commands for shoppers, and intents from their replies. Threads may share it."""

    def __init__(self, namespace: str, cache: Cache, freshness: Freshness, *, strict: bool) -> None:
        self.failures: Counter[str] = Counter()
        self._namespace, self._cache, self._freshness, self._strict = namespace, cache, freshness, strict
        self._lock = threading.Lock()

    def begin(self, shoppers: Iterable[object], query: Query) -> "Round":
        """Take what is at hand; the round's `asks` are for Redis."""
        now_s, now_ms = time.monotonic(), _now_ms()
        return Round(
            self, query, [self._begun(shopper, query, now_s, now_ms) for shopper in arguments.ids("shoppers", shoppers)]
        )

    def ask(self, shopper: str, names: tuple[str, ...], *, again: bool = False) -> Ask:
        """What asks for a shopper's intent: for the packed field first, `again` for the fields."""
        key = f"{self._namespace}:{{{shopper}}}:intent".encode()
        head, tail = WORDS[names if again else FIRST[names]]
        read = partial(self._read, decode if again else decode_packed, shopper)
        return Ask(key, b"%b$%d\r\n%b\r\n%b" % (head, len(key), key, tail), read, again)

    def intent(self, shopper: str, reply: Any) -> ReadIntent:
        """The intent that a reply came to."""
        if isinstance(reply, ReadIntent):
            self._cache.put(reply, time.monotonic())
            return reply
        return self.nothing(shopper, reply)

    def nothing(self, shopper: str, error: Exception, *, counted: bool = False) -> ReadIntent:
        """What stands for an intent that could not be read; `counted` when the error was counted before."""
        if not counted:
            self.fail(error)
        return intent_of({"shopper": shopper, "failed": True, "reason": reason_of(error)})

    def fail(self, error: Exception) -> None:
        """Count an error, or raise it."""
        if self._strict:
            raise ReadFailed(f"{type(error).__name__}: {error}") from error
        with self._lock:
            self.failures[type(error).__name__] += 1

    def _begun(self, shopper: object, query: Query, now_s: float, now_ms: int) -> ReadIntent | str:
        try:
            text = id_text(shopper)
        except InvalidId as error:
            return self.nothing(shopper if type(shopper) is str else "", error)
        return self._cache.get(text, now_s, now_ms, whole=query.names is ALL) or text

    def _read(self, decoded: Decoded, shopper: str, reply: Any) -> Any:
        """The intent of a reply as soon as it is there, so that decoding is within the deadline; an error in its place
        when it cannot be decoded, None when the fields have to be read."""
        if isinstance(reply, Exception):
            return reply
        try:
            return decoded(shopper, reply, _now_ms(), self.fail, self._freshness)
        except (TypeError, ValueError) as error:
            return error


class Round:
    """One call: some intents are at hand, the others are asked for by `asks`, until there are none."""

    def __init__(self, reading: Reading, query: Query, begun: list[ReadIntent | str]) -> None:
        self._reading, self._query, self._begun = reading, query, begun
        self._shoppers = [each for each in begun if isinstance(each, str)]
        self._replies: list[Any] = [None] * len(self._shoppers)
        self._open = list(range(len(self._shoppers)))
        self.asks = [reading.ask(each, query.names) for each in self._shoppers]

    def take(self, replies: Sequence[Any]) -> None:
        """Take what the asks read as, each an intent, an exception, which may stand in many places, or, the first time,
        None. Those are asked for once more, field by field: then `asks` are for them alone."""
        for at, reply in zip(self._open, replies, strict=True):
            self._replies[at] = reply
        self._open = [] if self.asks[0].again else [at for at in self._open if self._replies[at] is None]
        self.asks = [self._reading.ask(self._shoppers[at], self._query.names, again=True) for at in self._open]

    def end(self) -> list[ReadIntent]:
        """One intent for each id asked, in that order."""
        coming, counted = iter(self._replies), set[int]()
        return [self._query.answer(self._intent(each, coming, counted)) for each in self._begun]

    def _intent(self, begun: ReadIntent | str, coming: Any, counted: set[int]) -> ReadIntent:
        if isinstance(begun, ReadIntent):
            return begun
        reply = next(coming)
        if id(reply) in counted:
            return self._reading.nothing(begun, reply, counted=True)
        if isinstance(reply, Exception):
            counted.add(id(reply))
        return self._reading.intent(begun, reply)


def packed(words: Iterable[str]) -> bytes:
    """Words as they go over the wire within a command."""
    return b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)


def command(*words: str) -> bytes:
    """A command as it goes over the wire."""
    return b"*%d\r\n%b" % (len(words), packed(words))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


FIRST = {HOT: (PACKED, SCHEMA_FIELD), ALL: (PACKED, SCHEMA_FIELD, DOC)}
"""What is asked for before the fields: `schema` tells a hash without a packed field from none."""

WORDS = {
    names: (b"*%d\r\n" % (len(names) + 2) + packed(["HMGET"]), packed(names)) for names in (*FIRST, *FIRST.values())
}
TROUBLE = (RedisError, OSError)
"""What Redis and the network do. On Python 3.10 asyncio's TimeoutError is apart."""
