"""One deadline for all that a read waits for, where redis-py has one timeout for each wait.

A hundred replies that each come just in time would otherwise take a hundred timeouts.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from redis import Connection, ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as RedisTimeout
from redis.retry import Retry

_thread = threading.local()


class NotWaited(RedisTimeout):
    """The deadline had passed before this server was waited for: others have used the time up."""


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


def bounded_pool(options: Mapping[str, Any], timeout_s: float) -> ConnectionPool:
    """A pool whose connections keep the deadline and never try again. `options` are those of a URL."""
    kind = options.get("connection_class", Connection)
    ours = {
        "connection_class": type("Bounded", (_Bounded, kind), {}),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,  # nothing to settle before the first command
    }
    return ConnectionPool(**{**options, **ours})


class _Bounded(AnyConnection):
    """Gives each wait what is left until the deadline; mixed into each kind of connection."""

    def connect(self) -> None:
        if not self._sock:
            self.socket_connect_timeout = self._left_s()
        super().connect()  # type: ignore[no-untyped-call] # redis-py

    def send_packed_command(self, *args: Any, **options: Any) -> None:
        self._bound()
        super().send_packed_command(*args, **options)  # type: ignore[no-untyped-call] # redis-py

    def read_response(self, *args: Any, **options: Any) -> Any:
        self._bound()
        return super().read_response(*args, **options)

    def _bound(self) -> None:
        left_s = self._left_s()
        if self._sock:
            self._sock.settimeout(left_s)

    def _left_s(self) -> float | None:
        ends_s: float | None = getattr(_thread, "ends_s", None)
        if ends_s is None:
            return None
        left_s = ends_s - time.monotonic()
        if left_s <= 0:
            self.disconnect()  # type: ignore[no-untyped-call] # redis-py
            raise NotWaited("the deadline of the read has passed")
        return left_s
