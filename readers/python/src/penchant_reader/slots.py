"""Slots: which node of a Redis Cluster holds which keys. No I/O here."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from redis.crc import key_slot


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int


def seed(options: Mapping[str, Any]) -> Address:
    """The node that a URL's options name."""
    return Address(options.get("host", "localhost"), options.get("port", 6379))


class Slots:
    """The cluster's map, from the reply to CLUSTER SLOTS. `told_by` is who replied, whose own host may be left out."""

    def __init__(self, reply: Sequence[Any], told_by: Address) -> None:
        ranges = sorted((int(first), int(last), _address(primary, told_by)) for first, last, primary, *_ in reply)
        self._firsts = [first for first, _, _ in ranges]
        self._ranges = ranges

    def node(self, key: bytes) -> Address | None:
        """The primary that holds the key; None when no node has its slot."""
        slot = key_slot(key)
        at = bisect_right(self._firsts, slot) - 1
        return self._ranges[at][2] if at >= 0 and slot <= self._ranges[at][1] else None

    def nodes(self) -> list[Address]:
        """Every primary once."""
        return list(dict.fromkeys(address for _, _, address in self._ranges))


def _address(node: Sequence[Any], told_by: Address) -> Address:
    host = node[0].decode() if isinstance(node[0], bytes) else node[0]
    return Address(host if host and host != "?" else told_by.host, int(node[1]))
