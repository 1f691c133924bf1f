"""Arguments: what a caller hands over, checked before anything is asked; each error names the argument. No I/O here."""

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any
from urllib.parse import unquote, urlparse

PURPOSES = ("advertising", "personalisation")
"""What a shopper may have agreed to (docs/redis-contract.md)."""


def ids(name: str, given: Iterable[object]) -> Iterable[object]:
    """Several ids; TypeError for a single one, whose letters would pass for ids, and for what holds none."""
    if isinstance(given, (str, bytes, bytearray, memoryview)):
        raise TypeError(f"{name}: one id was given where several are asked for; write [id]")
    try:
        return iter(given)
    except TypeError as error:
        raise TypeError(f"{name}: {type(given).__name__} is no list of ids") from error


def purpose(given: str) -> str:
    """A purpose, or none; ValueError for another, which nobody can have agreed to."""
    if given in ("", *PURPOSES):
        return given
    raise ValueError(f"purpose: {given!r} is none; there are {', '.join(PURPOSES)}, and the empty text for none")


def timeout(given: float) -> float:
    """Seconds above 0; ValueError for what never or always would have passed."""
    if isinstance(given, Real) and not isinstance(given, bool) and 0 < given < math.inf:
        return float(given)
    raise ValueError(f"timeout_s: {given!r} is no time to wait; write seconds above 0, such as 0.02")


def options(url: str, parse: Callable[[str], Any], connection: type, *, cluster: bool) -> dict[str, Any]:
    """What connections are made with; ValueError when the URL says what Redis, or a cluster, does not have."""
    if not isinstance(url, str):
        raise ValueError(f"url: {type(url).__name__} is none; write redis://host:6379/0")  # noqa: TRY004 (one error for a URL)
    try:
        parsed = dict(parse(url))
        parsed.get("connection_class", connection)(**_kept(parsed, "connection_class"))  # connects only when it is used
    except (TypeError, ValueError) as error:
        raise ValueError(f"url: {str(error).rpartition('__init__() ')[2]}") from error
    _check_database(url, parsed)
    if not cluster:
        return parsed
    if "path" in parsed:
        raise ValueError("url: a cluster is reached by redis:// or rediss://, not by a socket")
    if parsed.get("db", 0):
        raise ValueError("url: a cluster has no other database than 0")
    return _kept(parsed, "db")


def _check_database(url: str, parsed: dict[str, Any]) -> None:
    """redis-py takes what is no number for database 0."""
    path = unquote(urlparse(url).path).strip("/")
    if path and "path" not in parsed and not path.isdecimal():
        raise ValueError(f"url: {path!r} is no number of a database; write redis://host:6379/0")


def _kept(options: dict[str, Any], without: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != without}
