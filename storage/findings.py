"""Findings: what the probes of a fleet's workers found of its model servers, so that not each of them asks."""

from collections.abc import Sequence
from hashlib import blake2b

from storage.connection import Client, ask
from storage.keys import Keys

TOLD_S = 15
"""How long a finding is told: longer ago it says nothing of a server."""


class RedisFindings:
    """Of one namespace. Every method raises StoreUnavailable, or StoreCorrupt."""

    def __init__(self, client: Client, keys: Keys, timeout_s: float) -> None:
        self._client, self._keys, self._timeout_s = client, keys, timeout_s

    async def take(self, names: Sequence[str], for_s: float) -> Sequence[tuple[bool, bytes | None]]:
        """Take the turn, for so long, at each replica where nobody has it, in one round trip. Says whether it is ours
        now, and what was found last, where that is known."""
        digests = [_digest(name) for name in names]
        takes = [("SET", self._keys.probing(each), "1", "NX", "PX", round(for_s * 1e3)) for each in digests]
        reads = [("GET", self._keys.probe(each)) for each in digests]
        replies = await ask(self._client, [*takes, *reads], self._timeout_s)
        taken, read = replies[: len(names)], replies[len(names) :]
        return [(took is not None, finding) for took, finding in zip(taken, read, strict=True)]

    async def tell(self, name: str, finding: bytes) -> None:
        """What was found there."""
        await ask(self._client, [("SET", self._keys.probe(_digest(name)), finding, "EX", TOLD_S)], self._timeout_s)


def _digest(name: str) -> str:
    """An address may hold what no key should."""
    return blake2b(name.encode(), digest_size=8).hexdigest()
