"""Run of products: what `penchant products run` does, with its calls through the gate of a job."""

from contextlib import AsyncExitStack
from pathlib import Path

from agents.products.understanding import Understanding
from clients.pools.use_cases import UseCaseClient
from penchant.offline.gate import Gate
from penchant.offline.products import job as products_job
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue
from penchant.offline.products.kept import kept
from penchant.offline.products.prompting import image_fetch, product_prompts
from penchant.offline.products.run import ANSWERS, make_folder, publishing
from penchant.settings.root import Settings
from storage.jobs import Job


async def run_products(settings: Settings, job: Job, client: UseCaseClient, gate: Gate, at_once: int) -> None:
    """Understand all rows of the job's file. Its options: `columns`, a file; `format`; `publish`, where it is not
    empty. Raises JobHeld, and what a run of products raises."""
    options, out = job.options, Path(job.folder)
    make_folder(out)
    prompts = product_prompts(settings, client.name)
    named = Path(options["columns"]) if options.get("columns") else None
    model = client.rules.model or settings.model.name or await client.probe()
    async with AsyncExitStack() as stack:
        answers = await stack.enter_async_context(kept(out / ANSWERS))
        publish = await stack.enter_async_context(publishing(settings)) if options.get("publish") else None
        sampling, fetch = client.rules.sampling(settings.sampling), image_fetch(settings, client.name)
        understanding = Understanding(gate.ask, model, prompts, sampling, answers, fetch)
        await products_job.run(
            Catalogue(Path(job.file), columns(named), prompts), understanding, out,
            form="parquet" if options.get("format") == "parquet" else "jsonl", at_once=at_once,
            publish=publish, progress=gate.tally,
        )  # fmt: skip
