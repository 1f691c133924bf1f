"""Streams: a page's blocks as server-sent events: all of them, then once a second those that changed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import StreamingResponse

from penchant.console.frames import BOOT, Frames, event, heard_before
from penchant.console.snapshot import Snapshot
from penchant.console.watch import FleetWatch
from streams.errors import StoreCorrupt, StoreUnavailable

RETRY_MS = 1_000
"""How long a browser waits before it comes back."""

HEADERS = {"X-Accel-Buffering": "no"}  # nginx would hold events back

Values = Callable[[Snapshot], Awaitable[dict[str, Any]]]


def stream(request: Request, watch: FleetWatch, frames: Frames, values: Values) -> StreamingResponse:
    """Until the browser goes away, or the process ends."""
    heard = heard_before(request.headers.get("last-event-id"))
    return StreamingResponse(_events(watch, frames, values, heard), media_type="text/event-stream", headers=HEADERS)


async def _events(watch: FleetWatch, frames: Frames, values: Values, heard: int) -> AsyncIterator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()
    seen = await watch.after(0)
    while True:
        with suppress(StoreUnavailable, StoreCorrupt):  # then the last that is known stays, and the beat says how old
            frames.update(seen.serial, await values(seen))
        beat = orjson.dumps({"age_ms": seen.at_ms - seen.heard_ms if seen.heard_ms else None}).decode()
        parts = [event(name, html) for name, html in frames.since(heard)]
        yield b"".join([*parts, event("beat", beat, f"{BOOT}-{seen.serial}")])
        heard = seen.serial
        seen = await watch.after(seen.serial)
