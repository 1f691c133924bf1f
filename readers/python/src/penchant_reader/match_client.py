"""The client of `penchant serve` for threads. It needs httpx: pip install 'penchant-reader[match]'."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import TimeoutError as FutureTimeout

from penchant_reader import arguments
from penchant_reader.async_match_client import AsyncMatchClient
from penchant_reader.match import Matches, Matching

CLOSE_WITHIN_S = 5.0
LATE_S = 0.005
"""How much later than its deadline a call may end: what the event loop's thread takes to say that it has passed."""


class MatchClient:
    """As AsyncMatchClient, which it runs on an event loop in a thread of its own; shared by all threads of a process.
    Make it after a fork. `with` closes it."""

    def __init__(
        self, url: str, *, timeout_s: float = 0.25, token: str = "", tls: ssl.SSLContext | None = None,
        strict: bool = False, circuit_s: float = 2.0, connections: int = 64,
    ) -> None:  # fmt: skip
        self._client = AsyncMatchClient(
            url, timeout_s=timeout_s, token=token, tls=tls, strict=strict, circuit_s=circuit_s, connections=connections
        )
        self._timeout_s, self._late = timeout_s, Matching(timeout_s, strict=strict)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="penchant-match", daemon=True)
        self._thread.start()

    @property
    def failures(self) -> Counter[str]:
        """What was swallowed so far: how often, by the name of the error."""
        return self._client.failures + self._late.failures

    def match(
        self, shopper: object, candidates: Iterable[object], *, purpose: str = "", reasons: bool | str = False,
        scores: bool = False, sentence: bool = False,
    ) -> Matches:  # fmt: skip
        """As AsyncMatchClient.match."""
        given = list(arguments.ids("candidates", candidates))
        call = self._client.match(shopper, given, purpose=purpose, reasons=reasons, scores=scores, sentence=sentence)
        asked = asyncio.run_coroutine_threadsafe(call, self._loop)
        try:
            return asked.result(self._timeout_s + LATE_S)
        except (FutureTimeout, TimeoutError) as error:  # the loop's thread was kept from running
            asked.cancel()
            return self._late.unasked(shopper, given, error)

    def close(self) -> None:
        """Close the connections, and end the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result(CLOSE_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_WITHIN_S)
        self._loop.close()

    def __enter__(self) -> "MatchClient":  # noqa: PYI034 (typing.Self came with 3.11)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
