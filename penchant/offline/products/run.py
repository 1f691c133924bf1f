"""Run: a job over a catalogue with the model, the folder and the Redis that settings and command line name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.products.understanding import Understanding
from clients.calls import ModelClient
from penchant.offline.eval.calling import complete
from penchant.offline.eval.subjects import at
from penchant.offline.products import job
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue, Progress, Publish, Report
from penchant.offline.products.kept import kept
from penchant.offline.products.writing import Format
from penchant.settings.root import Settings
from penchant.worker.tokenizer import tokenizer
from prompts.products.asking import ProductPrompts
from sandbox.servers.stand_in import StandIn
from storage.cards import RedisCards
from storage.connection import connect
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.records.products import Understood

SIMULATED = "penchant products run --simulated starts no server"
ANSWERS = "answers.sqlite"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line says. `url` is a model server's, None for that of the settings."""

    catalogue: Path
    columns: Path | None
    out: Path
    form: Format
    at_once: int
    publish: bool
    url: str | None
    simulated: bool


async def run(settings: Settings, plan: Plan, progress: Progress) -> Report:
    """Run the job. Raises SettingInvalid, PlatformLacks, ModelUnavailable, StoreUnavailable."""
    count = tokenizer(settings.prompt.tokenizer)
    prompts = ProductPrompts(settings.prompts.vocabulary, count)
    catalogue = Catalogue(plan.catalogue, columns(plan.columns), prompts)
    _folder(plan.out)
    async with AsyncExitStack() as stack:
        client, model = await stack.enter_async_context(_model(settings, plan))
        answers = await stack.enter_async_context(kept(plan.out / ANSWERS))
        publish = await stack.enter_async_context(_cards(settings)) if plan.publish else None
        understanding = Understanding(partial(complete, client), model, prompts, settings.sampling, answers)
        return await job.run(
            catalogue, understanding, plan.out, form=plan.form, at_once=plan.at_once, publish=publish, progress=progress
        )


@asynccontextmanager
async def _model(settings: Settings, plan: Plan) -> AsyncIterator[tuple[ModelClient, str]]:
    """A client, and the model's name as answers are kept under: the configured one, else what the server says it is."""
    url = plan.url or str(settings.model.url)
    client = StandIn(SIMULATED) if plan.simulated else at(settings, url)
    try:
        what = await client.probe()
        yield client, settings.model.name or what
    finally:
        await client.close()


@asynccontextmanager
async def _cards(settings: Settings) -> AsyncIterator[Publish]:
    redis = connect(settings.redis.url, cluster=settings.redis.cluster)
    cards = RedisCards(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)

    async def publish(known: list[Understood]) -> None:
        lines = {each.product: each.line for each in known if each.line}
        await cards.write({each.product: each.card for each in known}, lines)

    try:
        yield publish
    finally:
        await redis.aclose()


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingInvalid(f"{path} cannot be made: {exc.strerror}", "name another folder with --out") from exc
