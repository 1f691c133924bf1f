"""Routing: which replicas a shopper prefers, by weighted rendezvous hashing. Pure.

Each replica gives each key a score that depends on those two alone. So a shopper moves only to a replica that was
added, or off one that was removed. Everybody else keeps the replica that holds their KV blocks. With the score -weight
/ ln(hash) a replica is first for a share of keys that is proportional to its weight.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from math import log
from typing import Protocol, TypeVar

HASHES = 2.0**64


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


def score(key: str, replica: Weighted) -> float:
    """How much a key prefers a replica."""
    return replica.weight * _drawn(replica.name, key)


def home(key: str, replicas: Iterable[W]) -> W | None:
    """The replica that a key prefers, None of none."""
    return max(replicas, key=lambda replica: score(key, replica), default=None)


def order(key: str, replicas: Iterable[W]) -> list[W]:
    """All of them, the preferred ones first."""
    return sorted(replicas, key=lambda replica: score(key, replica), reverse=True)


@lru_cache(maxsize=16_384)  # whoever waits for a slot is looked at again and again
def _drawn(name: str, key: str) -> float:
    digest = blake2b(f"{name}\0{key}".encode(), digest_size=8).digest()
    return -1 / log((int.from_bytes(digest) + 0.5) / HASHES)
