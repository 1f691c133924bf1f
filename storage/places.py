"""Places: the namespaces and topics that ever held something of shoppers, so that an erasure reaches all of them."""

from collections.abc import Iterable
from typing import Literal

from storage.connection import Client, ask
from storage.keys import Keys

Kind = Literal["namespace", "topic"]


class RedisPlaces:
    """A hash in the live namespace. Whoever makes a place writes it down before anything is put there."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def note(self, kind: Kind, names: Iterable[str]) -> None:
        """These are places of that kind; again is no error. Raises StoreUnavailable."""
        fields = [part for name in names for part in (f"{kind}:{name}", "1")]
        if fields:
            await ask(self._client, [("HSET", self._keys.places, *fields)], self._timeout_s)

    async def read(self, kind: Kind) -> list[str]:
        """All places of a kind, in order. Raises StoreUnavailable."""
        (names,) = await ask(self._client, [("HKEYS", self._keys.places)], self._timeout_s)
        head = f"{kind}:"
        return sorted(name.decode().removeprefix(head) for name in names if name.decode().startswith(head))
