"""Origins: whether a request was meant for us, and whether a page of ours sent it. Pure.

A browser that was led astray sends requests with its person's rights. On loopback too: a page elsewhere may post to
127.0.0.1, or have its own name point there (DNS rebinding) and then read what it is answered.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
HTTP_PORT = 80
"""The port that browsers leave out."""

OWN_SITES = ("same-origin", "none")
"""What browsers say in Sec-Fetch-Site of a page of ours, and of a person who typed the address."""


def hosts(port: int, names: Collection[str]) -> frozenset[str]:
    """The values of the header Host that we answer: this machine at our port, and the names that were set."""
    local = LOCAL_NAMES if port == HTTP_PORT else [f"{name}:{port}" for name in LOCAL_NAMES]
    return frozenset([*local, *(name.lower() for name in names)])


def foreign_host(host: str | None, known: Collection[str]) -> bool:
    """Whether a request was meant for somebody else."""
    return host is None or host.lower() not in known


def foreign_origin(origin: str | None, site: str | None, host: str, *, changes: bool) -> bool:
    """Whether another site's page sent it: by Origin, and for what changes something by Sec-Fetch-Site too, which a
    browser sends where it leaves Origin out. Neither is there: it was no browser."""
    if origin is not None:
        parts = urlsplit(origin)
        return parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower()
    return changes and site is not None and site not in OWN_SITES
