"""Batches: /v1/batches of OpenAI's API, over the fleet's jobs. A team sees its own alone."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from penchant.operations.jobs import JobAsked, JobView, move, read_jobs, submit
from penchant.serve.batch_bodies import BatchAsked, BatchPage, BatchShown
from penchant.serve.bodies import Fault
from penchant.serve.faults import wrong
from penchant.serve.files import output_id
from penchant.serve.places import After, Id, Limit, Placed, page
from storage.jobs import ENDED, Progress

WINDOW_MS = 86_400_000
WHY = "by /v1/batches"
_METADATA = "metadata:"

_STATUS = {"waiting": "validating", "running": "in_progress", "paused": "in_progress", "done": "completed"}

batches = APIRouter(responses={404: {"model": Fault}})


@batches.post("/v1/batches", response_model=BatchShown)
async def create(place: Placed, asked: BatchAsked) -> Response:
    """Run a file's requests as a job, beside live traffic."""
    metadata, name = asked.metadata or {}, asked.input_file_id
    if await asyncio.to_thread(place.shelf.find, place.team, name) is None:
        raise wrong("input_file_id", f"there is no file {name!r} of your team")
    options = {"input_file_id": name, "endpoint": asked.endpoint}
    options |= {f"{_METADATA}{key}": value for key, value in metadata.items()}
    at_ms = (await read_jobs(place.settings)).at_ms
    job = JobAsked(
        "requests", place.shelf.content(place.team, name), place.shelf.job_folder(place.team),
        metadata.get("use_case", "requests"), place.team, _priority(metadata), at_ms + WINDOW_MS, options,
    )  # fmt: skip
    made = await submit(place.settings, job, place.who, WHY)
    return JSONResponse(_batch(JobView(made, Progress(), None)))


@batches.get("/v1/batches", response_model=BatchPage)
async def list_batches(place: Placed, limit: Limit = 20, after: After = "") -> Response:
    """The team's batches, the newest first."""
    found = await place.jobs()
    return JSONResponse(page(await asyncio.to_thread(lambda: [_batch(each) for each in found]), limit, after))


@batches.get("/v1/batches/{batch_id}", response_model=BatchShown)
async def show(place: Placed, batch_id: Id) -> Response:
    """A batch as it stands."""
    return JSONResponse(await asyncio.to_thread(_batch, await place.job(batch_id)))


@batches.post("/v1/batches/{batch_id}/cancel", response_model=BatchShown)
async def cancel(place: Placed, batch_id: Id) -> Response:
    """End a batch. Its files have what was answered by then."""
    if (await place.job(batch_id)).job.state not in ENDED:
        await move(place.settings, batch_id, "cancel", place.who, WHY)
    return JSONResponse(await asyncio.to_thread(_batch, await place.job(batch_id)))


def _priority(metadata: Mapping[str, str]) -> int:
    text = metadata.get("priority", "0")
    if not text.removeprefix("-").isdecimal() or len(text) > 3:
        raise wrong("metadata", f"priority: {text[:20]!r} is no number")
    return int(text)


def _batch(view: JobView) -> dict[str, object]:
    """As OpenAI's API has it. It looks whether there are output files."""
    job, progress = view.job, view.progress
    status = _STATUS.get(view.state, view.state)
    if view.state == "waiting" and progress.total is not None:
        status = "in_progress"
    ended = (job.ended_ms or 0) // 1_000 or None
    why = [{"code": "failed", "message": job.why, "param": None, "line": None}] if job.state == "failed" else []
    return {
        "id": job.id,
        "object": "batch",
        "endpoint": job.options["endpoint"],
        "errors": {"object": "list", "data": why} if why else None,
        "input_file_id": job.options["input_file_id"],
        "completion_window": "24h",
        "status": status,
        "output_file_id": output_id(job, "output"),
        "error_file_id": output_id(job, "errors"),
        "created_at": job.at_ms // 1_000,
        "in_progress_at": progress.began_ms // 1_000 or None,
        "expires_at": (job.deadline_ms or 0) // 1_000 or None,
        "completed_at": ended if job.state == "done" else None,
        "expired_at": ended if job.state == "expired" else None,
        "failed_at": ended if job.state == "failed" else None,
        "cancelled_at": ended if job.state == "cancelled" else None,
        "request_counts": {
            "total": progress.total or 0,
            "completed": progress.done - progress.failed,
            "failed": progress.failed,
        },
        "metadata": {
            key.removeprefix(_METADATA): value for key, value in job.options.items() if key.startswith(_METADATA)
        },
    }
