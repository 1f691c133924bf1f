"""Requests as they go over the wire, by HTTP/1.1; pure."""

import re
from collections.abc import Mapping
from functools import lru_cache

import httpx

ALWAYS_SENT = "Accept: */*\r\nAccept-Encoding: identity\r\nUser-Agent: penchant\r\nContent-Type: application/json\r\n"
"""Headers of every request. Our servers answer in plain; what is asked is JSON."""

_FORBIDDEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may hold (RFC 9110, 5.5): by a line's end somebody else's text would add headers."""


def request(method: str, url: str, head: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """`head` are lines that each request has, `headers` those of this one. ValueError for one that no header may be."""
    lines = [f"{method} {_target(url)} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n"]
    for name, value in headers.items():
        line = f"{name}: {value}"
        if _FORBIDDEN.search(line):
            raise ValueError(f"the header {name!r} has characters that none may have")
        lines.append(f"{line}\r\n")
    lines.append("\r\n")
    return "".join(lines).encode() + body


@lru_cache(maxsize=256)
def _target(url: str) -> str:
    """Path and query."""
    return httpx.URL(url).raw_path.decode()
