"""Service: the real-time tier as a process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from clients.calls import ModelClient
from penchant.front.identity import Identities
from penchant.front.server import served
from penchant.process.signals import stop_signals
from penchant.serve.answering import Answering
from penchant.serve.app import HEALTH, app
from penchant.serve.batches import batches
from penchant.serve.file_paths import files
from penchant.serve.files import FileShelf
from penchant.settings.root import Settings
from penchant.telemetry.metrics.serve import ServeCounts
from penchant.telemetry.traces.tracing import traced
from penchant.worker.use_cases import use_case
from storage.cards import RedisCards
from storage.connection import Client, ask
from storage.keys import Keys
from streams.errors import StoreUnavailable

USE_CASE, REASONS = "match", "reasons"
CONNECTIONS = 32


async def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; `say` hears the address. SettingInvalid when nobody can listen there, or could be
    told from anybody."""
    with stop_signals() as asked:
        async with serving(settings) as address:
            say(address)
            await asked.wait()


@asynccontextmanager
async def serving(settings: Settings, model: ModelClient | None = None) -> AsyncIterator[str]:
    """Serve while the block runs; gives the address. `model` stands in for the use case's pools."""
    rules, http, counts = settings.serve, settings.http, ServeCounts()
    identities = Identities(http, rules.host)
    redis, keys = settings.redis.connect(CONNECTIONS), Keys(settings.redis.namespace)
    try:
        async with (
            traced(settings) as tracing,
            use_case(settings, USE_CASE, model) as client,
            use_case(settings, REASONS, model) as speaker,
        ):
            counts.clients = client, speaker
            cards = RedisCards(redis, keys, settings.redis.timeout_s)
            answering = Answering(settings, cards, tracing.client(client), tracing.client(speaker), counts)
            routers = (files, batches) if settings.jobs.folder is not None else ()
            made = app(answering, counts, rules.max_in_flight, lambda: _answers(redis, keys), routers)
            if settings.jobs.folder is not None:
                made.state.settings, made.state.shelf = settings, FileShelf(settings.jobs.folder)
            address = rules.host, rules.port
            larger = {"/v1/files": settings.jobs.file_bytes} if settings.jobs.folder is not None else {}
            async with served(
                tracing.app(made), http, identities, address, open_paths=(HEALTH,), programs=True, larger=larger
            ) as url:
                yield url
    finally:
        await redis.aclose()


async def _answers(redis: Client, keys: Keys) -> bool:
    """Whether Redis answers within a second."""
    try:
        await ask(redis, [("EXISTS", keys.control)], 1.0)
    except StoreUnavailable:
        return False
    return True
