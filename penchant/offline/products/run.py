"""Run: a job over a catalogue with the model, the folder and the Redis that settings and command line name."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.products.understanding import Understanding
from clients.calls import Call, Completion
from clients.pools.use_cases import UseCaseClient
from penchant.offline.eval.calling import complete
from penchant.offline.eval.subjects import at
from penchant.offline.products import job
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue, Progress, Publish, Report
from penchant.offline.products.kept import kept
from penchant.offline.products.writing import Format
from penchant.settings.root import Settings
from penchant.worker.tokenizer import tokenizer
from penchant.worker.use_cases import use_case
from prompts.products.asking import ProductPrompts
from sandbox.servers.stand_in import StandIn
from storage.cards import RedisCards
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.records.products import Understood

SIMULATED = "penchant products run --simulated starts no server"
ANSWERS = "answers.sqlite"
USE_CASE = "products"


@dataclass(frozen=True, slots=True)
class ProductsPlan:
    """What the command line says. `url` is a model server's, None for that of the settings."""

    catalogue: Path
    columns: Path | None
    out: Path
    form: Format
    at_once: int
    publish: bool
    url: str | None
    simulated: bool


async def run(settings: Settings, plan: ProductsPlan, progress: Progress) -> Report:
    """Run the job. Raises SettingInvalid, PlatformLacks, ModelUnavailable, StoreUnavailable."""
    count = tokenizer(settings.prompt.tokenizer)
    prompts = ProductPrompts(settings.prompts.vocabulary, count)
    catalogue = Catalogue(plan.catalogue, columns(plan.columns), prompts)
    _folder(plan.out)
    async with AsyncExitStack() as stack:
        client, model = await stack.enter_async_context(_model(settings, plan))
        answers = await stack.enter_async_context(kept(plan.out / ANSWERS))
        publish = await stack.enter_async_context(_cards(settings)) if plan.publish else None
        sampling = client.rules.sampling(settings.sampling)
        understanding = Understanding(partial(_ask, client), model, prompts, sampling, answers)
        return await job.run(
            catalogue, understanding, plan.out, form=plan.form, at_once=plan.at_once, publish=publish, progress=progress
        )


async def _ask(client: UseCaseClient, call: Call) -> Completion:
    """A job has time: it waits for its budget, and tries again."""
    await client.budgeted()
    return await complete(client, call)


@asynccontextmanager
async def _model(settings: Settings, plan: ProductsPlan) -> AsyncIterator[tuple[UseCaseClient, str]]:
    """A client, and the model's name as answers are kept under: the configured one, else what the servers say."""
    named = StandIn(SIMULATED) if plan.simulated else at(settings, plan.url) if plan.url else None
    async with use_case(settings, USE_CASE, named) as client:
        what = await client.probe()
        yield client, client.rules.model or settings.model.name or what


@asynccontextmanager
async def _cards(settings: Settings) -> AsyncIterator[Publish]:
    redis = settings.redis.connect()
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
