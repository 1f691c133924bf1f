"""Closing: every client of aiokafka ends within a bound, whatever the broker does."""

import asyncio
from typing import Any

import structlog

CLOSE_S = 5.0
"""How long a client may take to end in order; then its sockets are closed."""

log = structlog.get_logger()


async def close(client: Any, connection: Any, within_s: float = CLOSE_S) -> None:
    """Stop a producer or a consumer. `connection` is its aiokafka client, whose sockets are closed at the bound.

    It runs in a task of its own: aiokafka lets the cancellation of its own fetch escape, and that would cancel whoever
    closes. What goes wrong while closing is logged and not raised, so that it hides no earlier error.
    """
    stopping = asyncio.ensure_future(client.stop())
    try:
        await asyncio.wait({stopping}, timeout=within_s)
    finally:
        if not stopping.done():
            stopping.cancel()
    if not stopping.done() or stopping.cancelled():
        await _hang_up(connection)
    elif error := stopping.exception():
        log.debug("kafka.close_failed", error=repr(error))


async def _hang_up(connection: Any) -> None:
    closing = asyncio.ensure_future(connection.close())
    await asyncio.wait({closing}, timeout=1.0)
    if not closing.done():
        closing.cancel()
