"""Tracing: how a process's calls are traced, by the settings: not at all unless they say so."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import structlog

from agents.replay.calls import Replayed
from agents.worker.dispatch import Traced
from clients.calls import ModelClient
from penchant.settings.root import Settings
from streams.errors import PlatformLacks
from streams.events.dialects import Dialect

TEXTS = "prompts and answers, which are personal data, go to the collector"

log = structlog.get_logger()


Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
"""An application of ASGI."""

One = TypeVar("One")


def itself(one: One) -> One:
    """What nothing is to follow."""
    return one


@dataclass(frozen=True, slots=True)
class Tracing:
    """`hearing` wraps the dialect of the topic, whose records may say of which trace they are; `traced` follows each
    call of a worker, `replayed` each of a replay; `app` is an application whose requests are followed, and `client`
    makes the calls for them. As it is made: no trace."""

    hearing: Callable[[Dialect], Dialect] = itself
    traced: Traced = nullcontext
    replayed: Replayed = nullcontext
    app: Callable[[App], App] = itself
    client: Callable[[ModelClient], ModelClient] = itself


@asynccontextmanager
async def traced(settings: Settings) -> AsyncIterator[Tracing]:
    """Traces as the settings want them; at the end, what is left is sent. PlatformLacks without the extra."""
    if settings.traces.url is None:
        yield Tracing()
        return
    try:
        from penchant.telemetry.traces.traced_requests import TracedClient, TracedRequests  # noqa: PLC0415
        from penchant.telemetry.traces.traces import exporting  # noqa: PLC0415 # of an extra
    except ModuleNotFoundError as exc:
        remedy = "pip install 'penchant[traces]', or leave traces.url out"
        raise PlatformLacks(f"traces.url is set, and {exc.name} is not installed", remedy) from exc
    if settings.traces.prompt_text:
        log.warning("traces.prompt_text", then=TEXTS, remedy="set traces.prompt_text to false once a fault is found")
    async with exporting(settings, settings.traces.url) as traces:
        app = partial(TracedRequests, traces=traces)
        yield Tracing(traces.hearing, traces.traced, traces.replayed, app, TracedClient)
