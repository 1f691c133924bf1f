"""What both readers share: what is asked, what the replies mean, what becomes of failures. No I/O here."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from redis.exceptions import RedisError

from penchant_reader.cache import Cache
from penchant_reader.intent import FIELDS, ReadFailed, ReadIntent, decode


class Ask(NamedTuple):
    """A command as it goes over the wire, and the key that it is about."""

    key: bytes
    packed: bytes


class Reading:
    """Commands for shoppers, and intents from their replies. Threads may share it."""

    def __init__(self, namespace: str, cache: Cache, *, strict: bool) -> None:
        self.failures: Counter[str] = Counter()
        self._namespace, self._cache, self._strict = namespace, cache, strict
        self._lock = threading.Lock()

    def begin(self, shoppers: Sequence[str]) -> "Round":
        """Take what is at hand; the round's `asks` are for Redis."""
        now_s, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        return Round(self, [self._cache.get(shopper, now_s, now_ms) or shopper for shopper in shoppers])

    def ask(self, shopper: str) -> Ask:
        """What asks for a shopper's intent; UnicodeError for half a surrogate pair."""
        key = f"{self._namespace}:{{{shopper}}}:intent".encode()
        return Ask(key, b"%b$%d\r\n%b\r\n%b" % (HEAD, len(key), key, TAIL))

    def intent(self, shopper: str, reply: Any, read_at_ms: int) -> ReadIntent:
        """The intent that a reply holds."""
        try:
            intent = decode(shopper, reply, read_at_ms, self.fail)
        except ValueError as error:
            return self.nothing(shopper, error)
        self._cache.put(intent, time.monotonic())
        return intent

    def nothing(self, shopper: str, error: Exception, *, told: bool = False) -> ReadIntent:
        """What stands for an intent that could not be read; `told` when the error was counted before."""
        if not told:
            self.fail(error)
        return ReadIntent(shopper, failed=True)

    def fail(self, error: Exception) -> None:
        """Count an error, or raise it."""
        if self._strict:
            raise ReadFailed(f"{type(error).__name__}: {error}") from error
        with self._lock:
            self.failures[type(error).__name__] += 1


class Round:
    """One call: some intents are at hand, the others are asked for."""

    def __init__(self, reading: Reading, found: list[ReadIntent | str]) -> None:
        self._reading, self._found = reading, found
        self._asked: list[int] = []
        self.asks: list[Ask] = []
        for at, shopper in enumerate(found):
            if isinstance(shopper, str):
                self._begin(at, shopper)

    def end(self, replies: Sequence[Any]) -> list[ReadIntent]:
        """The intents, in the order asked. A reply may be an exception, and one exception may stand in many places."""
        now_ms = time.time_ns() // 1_000_000
        told: set[int] = set()
        for at, reply in zip(self._asked, replies, strict=True):
            shopper = self._found[at]
            if isinstance(reply, Exception):
                self._found[at] = self._reading.nothing(str(shopper), reply, told=id(reply) in told)
                told.add(id(reply))
            else:
                self._found[at] = self._reading.intent(str(shopper), reply, now_ms)
        return [intent for intent in self._found if isinstance(intent, ReadIntent)]

    def _begin(self, at: int, shopper: str) -> None:
        try:
            self.asks.append(self._reading.ask(shopper))
        except UnicodeError as error:
            self._found[at] = self._reading.nothing(shopper, error)
        else:
            self._asked.append(at)


def packed(words: Iterable[str]) -> bytes:
    """Words as they go over the wire within a command."""
    return b"".join(b"$%d\r\n%b\r\n" % (len(word.encode()), word.encode()) for word in words)


def command(*words: str) -> bytes:
    """A command as it goes over the wire."""
    return b"*%d\r\n%b" % (len(words), packed(words))


HEAD = b"*%d\r\n" % (len(FIELDS) + 2) + packed(["HMGET"])
TAIL = packed(FIELDS)
TROUBLE = (RedisError, OSError)
"""What Redis and the network do. On Python 3.10 asyncio's TimeoutError is apart."""
