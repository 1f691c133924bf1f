"""One deadline for all that a read waits for, where redis-py has one timeout for each wait.

A hundred replies that each come just in time would otherwise take a hundred timeouts.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redis import Connection, ConnectionPool
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

_thread = threading.local()

if TYPE_CHECKING:
    AnyConnection = Connection
else:
    AnyConnection = object


@contextmanager
def deadline(timeout_s: float) -> Iterator[None]:
    """Bound what this thread waits for inside, on connections of a `bounded_pool`."""
    _thread.ends_s = time.monotonic() + timeout_s
    try:
        yield
    finally:
        del _thread.ends_s


def bounded_pool(url: str, timeout_s: float) -> ConnectionPool:
    """A pool whose connections keep the deadline and never try again; ValueError when the URL is none."""
    kind = parse_url(url).get("connection_class", Connection)  # type: ignore[no-untyped-call] # redis-py
    return ConnectionPool.from_url(
        url,
        connection_class=type("Bounded", (_Bounded, kind), {}),
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        protocol=2,  # nothing to settle before the first command
    )


class _Bounded(AnyConnection):
    """Gives each wait what is left until the deadline; mixed into each kind of connection."""

    def send_packed_command(self, *args: Any, **options: Any) -> None:
        self._bound()
        super().send_packed_command(*args, **options)  # type: ignore[no-untyped-call] # redis-py

    def read_response(self, *args: Any, **options: Any) -> Any:
        self._bound()
        return super().read_response(*args, **options)

    def _bound(self) -> None:
        left_s = getattr(_thread, "ends_s", float("inf")) - time.monotonic()
        if left_s <= 0:
            self.disconnect()  # type: ignore[no-untyped-call] # redis-py
            raise RedisTimeout("the deadline of the read has passed")
        if self._sock and left_s < float("inf"):
            self._sock.settimeout(left_s)
