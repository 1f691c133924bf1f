"""What both readers share: what is asked, what the replies mean, what becomes of failures. No I/O here."""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from redis.exceptions import RedisError

from penchant_reader.intent import FIELDS, ReadFailed, ReadIntent, decode


class Reading:
    """Commands for shoppers, and intents from their replies. Threads may share it."""

    def __init__(self, namespace: str, *, strict: bool) -> None:
        self.failures: Counter[str] = Counter()
        self._namespace, self._strict = namespace, strict
        self._lock = threading.Lock()

    def command(self, shopper: str) -> tuple[str, ...]:
        """What asks for a shopper's intent."""
        return ("HMGET", f"{self._namespace}:{{{shopper}}}:intent", *FIELDS)

    def intents(self, shoppers: Sequence[str], replies: Sequence[Any], read_at_ms: int) -> list[ReadIntent]:
        """An intent for each shopper, from the reply in the same place."""
        pairs = zip(shoppers, replies, strict=True)
        return [self._intent(shopper, reply, read_at_ms) for shopper, reply in pairs]

    def nothing(self, shoppers: Sequence[str], error: Exception) -> list[ReadIntent]:
        """What is told of the shoppers when no reply came."""
        self._fail(error)
        return [ReadIntent(shopper, failed=True) for shopper in shoppers]

    def _intent(self, shopper: str, reply: Any, read_at_ms: int) -> ReadIntent:
        try:
            if isinstance(reply, Exception):
                raise reply
            return decode(shopper, reply, read_at_ms, self._fail)
        except (RedisError, ValueError) as error:
            return self.nothing([shopper], error)[0]

    def _fail(self, error: Exception) -> None:
        if self._strict:
            raise ReadFailed(f"{type(error).__name__}: {error}") from error
        with self._lock:
            self.failures[type(error).__name__] += 1
