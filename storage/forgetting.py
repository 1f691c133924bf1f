"""Forgetting: how far an erasure of many shoppers has come, so that a run that was cut short is gone on with."""

import hashlib
from collections.abc import Sequence

from storage.connection import Client, ask
from storage.keys import Keys

KEEP_S = 86_400
"""How long a run that was cut short is remembered. After that the same command begins anew, which does no harm."""


class RedisForgetting:
    """How many of a request's shoppers are done, in their order."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    def request(self, choice: str, shoppers: Sequence[str]) -> str:
        """Tells one request from others. It is a digest: no id of a shopper stands in the key."""
        return hashlib.blake2b("\n".join([choice, *shoppers]).encode(), digest_size=16).hexdigest()

    async def read(self, request: str) -> int:
        """How many are done; 0 where there is nothing to go on with. Raises StoreUnavailable."""
        (done,) = await ask(self._client, [("GET", self._keys.forgetting(request))], self._timeout_s)
        return int(done or 0)

    async def write(self, request: str, done: int) -> None:
        """So many are done."""
        await ask(self._client, [("SET", self._keys.forgetting(request), done, "EX", KEEP_S)], self._timeout_s)

    async def forget(self, request: str) -> None:
        """All are."""
        await ask(self._client, [("DEL", self._keys.forgetting(request))], self._timeout_s)
