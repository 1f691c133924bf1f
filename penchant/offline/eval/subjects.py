"""Subjects: who is asked, from the settings and the command line."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from clients.calls import ModelClient
from clients.dialects.discovery import connect
from penchant.offline.eval.answers import Subject
from penchant.settings.root import Settings
from sandbox.servers.stand_in import StandIn

SIMULATED = "penchant eval starts no server"


@asynccontextmanager
async def subjects(settings: Settings, url: str | None, versions: Sequence[str]) -> AsyncIterator[list[Subject]]:
    """The model at `url`, or the simulated one of this process, once for each version of the prompt."""
    asked = list(dict.fromkeys(versions)) or [settings.prompt.version]
    for name in asked:
        settings.prompts.template(name)
    client = StandIn(SIMULATED) if url is None else at(settings, url)
    try:
        what = await client.probe()
        yield [
            Subject(
                "model" if len(asked) == 1 else f"model {version}",
                client,
                version,
                settings.prompts,
                what,
                simulation=url is None,
            )
            for version in asked
        ]
    finally:
        await client.close()


@asynccontextmanager
async def judge(settings: Settings, url: str | None) -> AsyncIterator[ModelClient | None]:
    """The judge at `url`, probed; None without one."""
    if url is None:
        yield None
        return
    client = at(settings, url)
    try:
        await client.probe()
        yield client
    finally:
        await client.close()


def at(settings: Settings, url: str) -> ModelClient:
    """A client. What the URL does not say is as in [model]."""
    model = settings.model
    server = None if model.server == "auto" else model.server
    return connect(url, model.dialect, model.name, model.access, server, model.tokens_per_block)
