"""Tracing: how a worker's calls are traced, by the settings: not at all unless they say so."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass

from agents.worker.dispatch import Traced
from penchant.settings.root import Settings
from streams.errors import PlatformLacks
from streams.events.dialects import Dialect


def unheard(dialect: Dialect) -> Dialect:
    """The dialect itself, which looks at no trace of a record."""
    return dialect


@dataclass(frozen=True, slots=True)
class Tracing:
    """`hearing` wraps the dialect of the topic, whose records may say of which trace they are; `traced` follows each
    call. As it is made: no trace."""

    hearing: Callable[[Dialect], Dialect] = unheard
    traced: Traced = nullcontext


@asynccontextmanager
async def traced(settings: Settings) -> AsyncIterator[Tracing]:
    """Traces as the settings want them; at the end, what is left is sent. PlatformLacks without the extra."""
    if settings.traces.url is None:
        yield Tracing()
        return
    try:
        from penchant.telemetry.traces.traces import exporting  # noqa: PLC0415 # of an extra
    except ModuleNotFoundError as exc:
        remedy = "pip install 'penchant[traces]', or leave traces.url out"
        raise PlatformLacks(f"traces.url is set, and {exc.name} is not installed", remedy) from exc
    async with exporting(settings, settings.traces.url) as traces:
        yield Tracing(traces.hearing, traces.traced)
