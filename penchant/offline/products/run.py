"""Run: a job over a catalogue with the model, the folder and the Redis that settings and command line name."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from agents.products.understanding import Answers, Fetch, Understanding
from clients.pools.use_cases import UseCaseClient
from penchant.offline.eval.subjects import at
from penchant.offline.gate import Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.products import job
from penchant.offline.products.announcing import announcing
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue, Publish, Report
from penchant.offline.products.job import Progress as Shown
from penchant.offline.products.kept import Kept, kept
from penchant.offline.products.prompting import USE_CASE, image_fetch, product_prompts
from penchant.offline.products.ray_engine import ray_engine
from penchant.offline.products.reading import WHOLE, Shard
from penchant.offline.products.writing import Format
from penchant.settings.root import Settings
from penchant.worker.use_cases import use_case
from prompts.products.asking import ProductPrompts
from prompts.products.campaigns import current
from sandbox.servers.stand_in import StandIn
from storage.cards import RedisCards
from storage.jobs import Progress
from storage.keys import Keys
from streams.errors import SettingInvalid
from streams.records.products import Understood

SIMULATED = "penchant products run --simulated starts no server"
ANSWERS = "answers.sqlite"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of columns, model and folder. `url` is a model server's, None for the settings'."""

    columns: Path | None
    out: Path
    at_once: int
    url: str | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class ProductsPlan:
    """The same, with the catalogue, and what becomes of the results."""

    catalogue: Path
    asked: Asked
    form: Format
    publish: bool
    shard: Shard = WHOLE
    ray_workers: int | None = None
    """Of a Ray cluster; None: this process."""


async def run(settings: Settings, plan: ProductsPlan, progress: Shown) -> Report:
    """Run the job. Raises SettingInvalid, PlatformLacks, ModelUnavailable, StoreUnavailable."""
    async with AsyncExitStack() as stack:
        understanding, prompts, _ = await stack.enter_async_context(understood_by(settings, plan.asked))
        catalogue = Catalogue(plan.catalogue, columns(plan.asked.columns), prompts, plan.shard)
        publish = await stack.enter_async_context(publishing(settings)) if plan.publish else None
        make = partial(_over, settings, plan.asked, understanding.model)
        return await job.run(
            catalogue, understanding, plan.asked.out, form=plan.form, at_once=plan.asked.at_once, publish=publish,
            progress=progress, engine=None if plan.ray_workers is None else ray_engine(make, plan.ray_workers),
        )  # fmt: skip


@asynccontextmanager
async def understood_by(settings: Settings, asked: Asked) -> AsyncIterator[tuple[Understanding, ProductPrompts, Kept]]:
    """What understands products, by the model that is named, with what the folder keeps. Raises as `run`."""
    prompts = _prompts(settings, asked)
    make_folder(asked.out)
    async with _client(settings, asked) as client, kept(asked.out / ANSWERS) as answers:
        model = client.rules.model or settings.model.name or await client.probe()
        sampling = client.rules.sampling(settings.sampling)
        fetch = _fetch(settings, asked)
        gate = await _gate(client, asked)
        yield Understanding(gate.ask, model, prompts, sampling, answers, fetch), prompts, answers


@asynccontextmanager
async def _over(settings: Settings, asked: Asked, model: str) -> AsyncIterator[Callable[[Answers], Understanding]]:
    """The same over any answers, with a client of its own. `model` is what answers are kept under."""
    prompts = _prompts(settings, asked)
    async with _client(settings, asked) as client:
        sampling, fetch = client.rules.sampling(settings.sampling), _fetch(settings, asked)
        gate = await _gate(client, asked)
        yield lambda answers: Understanding(gate.ask, model, prompts, sampling, answers, fetch)


def _prompts(settings: Settings, asked: Asked) -> ProductPrompts:
    return product_prompts(settings, own_pools=not (asked.simulated or asked.url))


def _fetch(settings: Settings, asked: Asked) -> Fetch | None:
    return None if asked.simulated else image_fetch(settings, url=asked.url)


async def _gate(client: UseCaseClient, asked: Asked) -> Gate:
    """The gate of a job, which nobody holds: a call at which the servers always fail is told apart from an outage, so
    that a broken image or text ends no run."""
    gate = Gate(client, JobCounts(Progress()))
    await gate.allow(asked.at_once)
    return gate


def _client(settings: Settings, asked: Asked) -> AbstractAsyncContextManager[UseCaseClient]:
    """A client of the model that is named."""
    named = StandIn(SIMULATED) if asked.simulated else at(settings, asked.url) if asked.url else None
    return use_case(settings, USE_CASE, named)


@asynccontextmanager
async def cards(settings: Settings) -> AsyncIterator[RedisCards]:
    """Where cards and lines are written."""
    redis = settings.redis.connect()
    try:
        yield RedisCards(redis, Keys(settings.redis.namespace), settings.redis.timeout_s)
    finally:
        await redis.aclose()


@asynccontextmanager
async def publishing(settings: Settings) -> AsyncIterator[Publish]:
    """To Redis, and to kafka.cards_topic where it is set. A product without a line keeps the one in Redis that the shop
    may have written."""
    async with cards(settings) as shelf, announcing(settings.kafka) as announced:

        async def publish(known: list[Understood]) -> None:
            now_ms = time.time() * 1e3  # a line of nothing but a campaign that is over is none either
            lines = {each.product: each.line for each in known if current(each.line, now_ms)}
            await shelf.write({each.product: each.card for each in known}, lines)
            await announced.append(known, ())

        yield publish


def make_folder(path: Path) -> None:
    """Make the folder of a job where it is not there. SettingInvalid where that cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingInvalid(f"{path} cannot be made: {exc.strerror}", "name another folder with --out") from exc
