"""Routing: which replicas a shopper prefers, by weighted rendezvous hashing. Pure.

Each replica gives each key a score that depends on those two alone. So a shopper moves only to a replica that was
added, or off one that was removed. Everybody else keeps the replica that holds their KV blocks. With the score -weight
/ ln(hash) a replica is first for a share of keys that is proportional to its weight.

A key is hashed once. What its hash and a replica's make together is reckoned for all replicas in a few passes over an
array: at a thousand replicas a hash for each would be what a call costs most.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

HASHES = 2.0**32
KEYS = 2_048
"""So many keys' replicas are remembered: whoever waits for a slot is looked at again and again."""


class Weighted(Protocol):
    """Something that keys are shared out to."""

    @property
    def name(self) -> str:
        """What its scores are made from."""

    @property
    def weight(self) -> float:
        """Its share, beside the others'."""


W = TypeVar("W", bound=Weighted)


def affinity(shopper: str, prompt_version: str) -> str:
    """The key of a shopper. Another version of the prompt begins differently, and shares no KV blocks."""
    return f"{prompt_version}\0{shopper}"


class Ranking(Generic[W]):
    """Replicas of one pool, in the order of the settings, as keys prefer them. Their weights are those they had when it
    was made; the last one weighs only this share of its own while keys leave it."""

    def __init__(self, replicas: Sequence[W], last_share: float = 1.0) -> None:
        self.replicas = replicas
        hashes = np.array([_hash(each.name) for each in replicas], np.uint32).reshape(-1, 2)
        self._first, self._second = hashes[:, 0].copy(), hashes[:, 1].copy()
        weights = np.array([each.weight for each in replicas])
        weights[-1:] *= last_share
        self._weights = None if not len(weights) or (weights == weights[0]).all() else weights
        self._indices = lru_cache(maxsize=KEYS)(self._find)

    def __len__(self) -> int:
        return len(self.replicas)

    def __iter__(self) -> Iterator[W]:
        return iter(self.replicas)

    def home(self, key: str) -> W | None:
        """The replica that a key prefers, None of none."""
        return self.replicas[self._indices(key, 1)[0]] if self.replicas else None

    def order(self, key: str, most: int) -> list[W]:
        """The ones that a key prefers, the preferred ones first, so many of them."""
        return [self.replicas[index] for index in self._indices(key, min(most, len(self.replicas)))]

    def _find(self, key: str, most: int) -> list[int]:
        if len(self) <= 1:
            return [0] * most
        scores = self._scores(key)
        if most == 1:
            return [int(scores.argmax())]
        best = np.argpartition(scores, -most)[-most:] if most < len(scores) else np.arange(len(scores))
        ranked: list[int] = best[np.argsort(scores[best])[::-1]].tolist()
        return ranked

    def _scores(self, key: str) -> NDArray[np.uint32] | NDArray[np.float64]:
        """How much a key prefers each. Where all weigh the same, their hashes are in the same order as the scores."""
        first, second = _hash(key)
        drawn = self._first ^ np.uint32(first)
        drawn *= np.uint32(0x9E3779B1)
        drawn ^= drawn >> np.uint32(15)
        drawn ^= self._second ^ np.uint32(second)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):  # the finalizer of MurmurHash3
            drawn ^= drawn >> np.uint32(shift)
            drawn *= np.uint32(factor)
        drawn ^= drawn >> np.uint32(16)
        return drawn if self._weights is None else self._weights / -np.log((drawn + 0.5) / HASHES)


@lru_cache(maxsize=16_384)  # the names of replicas: rankings are made anew whenever one is ejected
def _hash(name: str) -> tuple[int, int]:
    digest = blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4]), int.from_bytes(digest[4:])
