"""Body: what a request brings along, read whole within bounds of size and time, and given on in slices."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Message, Receive

READ_WITHIN_S = 10.0
MOST_FIELDS = 64
SLICE = 65_536
"""Bytes that are parsed in one turn of the event loop: a large file holds up nobody else's request."""


class BodyTooLarge(Exception):
    """More than it may be."""


class BodyCutShort(Exception):
    """Whoever sent it went away, or took too long."""


async def read(receive: Receive, most_bytes: int, announced: str) -> Sequence[bytes]:
    """All of it, as it came. BodyTooLarge when that is `announced`, or as soon as there is more; else BodyCutShort."""
    if not announced.isdecimal() or int(announced[:20]) > most_bytes:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            return await _whole(receive, most_bytes)
    except TimeoutError as exc:
        raise BodyCutShort from exc


async def _whole(receive: Receive, most_bytes: int) -> Sequence[bytes]:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCutShort
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most_bytes:
            raise BodyTooLarge
        more = message.get("more_body", False)
    return parts


def replayed(parts: Iterable[bytes], receive: Receive) -> Receive:
    """What gives the body to the next who reads, in slices between which others have their turn, and afterwards what
    else comes: that the sender is gone."""
    left = deque(part[at : at + SLICE] for part in parts for at in range(0, len(part), SLICE))
    left = left or deque([b""])
    first = True

    async def again() -> Message:
        nonlocal first
        if not left:
            return await receive()
        if not first:
            await asyncio.sleep(0)
        first = False
        return {"type": "http.request", "body": left.popleft(), "more_body": bool(left)}

    return again


def fields(body: bytes) -> dict[str, str]:
    """The fields of a form; none of what is no form. Of a name that comes twice the last counts."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return dict(pairs)


async def form(request: Request) -> dict[str, str]:
    """The fields that a request brings along."""
    return fields(await request.body())
