"""Listener: what speaks at an address, found out by a handshake that trusts anybody and sends nothing."""

import asyncio
import ssl
from contextlib import suppress
from typing import Literal

Listener = Literal["nobody", "plain", "TLS", "TLS for certificates"]

WITHIN_S = 3.0
SILENT_S = 1.0
"""By TLS 1.3 a server judges our certificate after the handshake: one that says nothing for so long wants none."""


async def listener(host: str, port: int) -> Listener:
    """What is there: `plain` is whatever does not speak TLS, `TLS for certificates` ends what shows none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is asked nothing and told nothing
    try:
        async with asyncio.timeout(WITHIN_S):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLError as exc:
        return "TLS for certificates" if "alert" in str(exc).lower() else "plain"
    except ConnectionResetError:
        return "plain"
    except (OSError, TimeoutError):
        return await _plain(host, port)
    try:
        async with asyncio.timeout(SILENT_S):
            await reader.read(1)
    except TimeoutError:
        return "TLS"
    except OSError:
        return "TLS for certificates"
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()
    return "TLS for certificates"


async def _plain(host: str, port: int) -> Listener:
    """A server that takes a connection and says nothing of TLS."""
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return "nobody"
    writer.transport.abort()
    return "plain"
