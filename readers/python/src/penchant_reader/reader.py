"""The reader for threads."""

import time
from collections import Counter
from collections.abc import Sequence

from redis import Redis
from redis.exceptions import RedisError

from penchant_reader.deadline import bounded_pool, deadline
from penchant_reader.intent import ReadIntent
from penchant_reader.reading import Reading


class IntentReader:
    """Reads intents; one for a process, shared by its threads. `with` closes it.

    `url` is Redis' (`redis://host:6379/0`, `rediss://` for TLS), `namespace` as in the service's settings. `timeout_s`
    bounds a whole call, connecting included; only the resolving of a host name is the system's. Whatever Redis or the
    network does, a call returns: what could not be read is `missing` and `failed`, and counted in `failures`. A
    `strict` reader raises ReadFailed instead.
    """

    def __init__(self, url: str, *, timeout_s: float = 0.02, namespace: str = "penchant", strict: bool = False) -> None:
        self._client = Redis(connection_pool=bounded_pool(url, timeout_s))
        self._timeout_s = timeout_s
        self._reading = Reading(namespace, strict=strict)

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error."""
        return self._reading.failures

    def get(self, shopper: str) -> ReadIntent:
        """One shopper's intent."""
        return self.get_many([shopper])[0]

    def get_many(self, shoppers: Sequence[str]) -> list[ReadIntent]:
        """The intents of many, in the order given, in one round trip."""
        try:
            with deadline(self._timeout_s):
                pipe = self._client.pipeline(transaction=False)
                for shopper in shoppers:
                    pipe.execute_command(*self._reading.command(shopper))  # type: ignore[no-untyped-call] # redis-py
                replies = pipe.execute(raise_on_error=False)
        except (RedisError, OSError, UnicodeError) as error:
            return self._reading.nothing(shoppers, error)
        return self._reading.intents(shoppers, replies, time.time_ns() // 1_000_000)

    def close(self) -> None:
        """Close the connections."""
        self._client.connection_pool.disconnect()

    def __enter__(self) -> "IntentReader":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
