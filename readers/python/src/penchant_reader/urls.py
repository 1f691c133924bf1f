"""URLs: what a reader's URL asks for. No I/O here."""

from collections.abc import Mapping
from typing import Any

from penchant_reader.slots import Address


def options_of(parsed: Mapping[str, Any], *, cluster: bool) -> dict[str, Any]:
    """What connections are made with; ValueError when it is not what a cluster has."""
    options = dict(parsed)
    if cluster and "path" in options:
        raise ValueError("a cluster is reached by redis:// or rediss://, not by a socket")
    if cluster and options.pop("db", 0):
        raise ValueError("a cluster has no other database than 0")
    return options


def seed_of(options: Mapping[str, Any]) -> Address:
    """The node that the URL names."""
    return Address(options.get("host", "localhost"), options.get("port", 6379))
