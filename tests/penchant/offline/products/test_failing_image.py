"""Images at which a real server fails with 500, through the client with its limits, its router and its breaker."""

import json
from pathlib import Path

from agents.products.understanding import Understanding
from clients.calls import Image, Sampling
from penchant.offline.gate import Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.products.columns import Columns
from penchant.offline.products.job import Catalogue, run
from penchant.offline.products.kept import kept
from penchant.settings.root import Settings
from penchant.worker.use_cases import use_case
from storage.jobs import Progress
from tests.penchant.offline.jobs.test_failing_server import failing_server
from tests.penchant.offline.products.test_job import PROMPTS, Counted, results

BROKEN, PLAIN, AT_ONCE = 8, 4, 8


async def image(url: str) -> Image:
    """One that begins as a picture does, and goes on as none."""
    return Image(url, "image/png", b"\x89PNG\r\n\x1a\nbroken")


async def test_a_broken_image_ends_no_run(tmp_path: Path) -> None:
    """More of them than make a replica sick come together: each product is understood by its text, and no row lost."""
    rows = [{"id": f"b-{at}", "title": f"Kettle {at}", "photo": "https://cdn.example/a.png"} for at in range(BROKEN)]
    rows += [{"id": f"p-{at}", "title": f"Toaster {at}"} for at in range(PLAIN)]
    path = tmp_path / "catalogue.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    async with failing_server("image_url") as url:
        model = {"url": url, "dialect": "openai", "name": "tiny", "images": True}
        async with (
            use_case(Settings.model_validate({"model": model}), "products") as client,
            kept(tmp_path / "answers.sqlite") as answers,
        ):
            gate = Gate(client, JobCounts(Progress()), pauses_s=(0.0, 0.0))
            await gate.allow(AT_ONCE)
            one = Understanding(gate.ask, "tiny", PROMPTS, Sampling(), answers, image)
            read = Catalogue(path, Columns(image_url="photo"), PROMPTS)
            report = await run(read, one, tmp_path, form="jsonl", at_once=AT_ONCE, publish=None, progress=Counted())
    assert (report.products, report.rejected) == (BROKEN + PLAIN, 0)
    told = [each["image"] for each in results(tmp_path)]
    assert told == ["text alone: the model server does not take it"] * BROKEN + [""] * PLAIN
