"""Paths of files: /v1/files of OpenAI's API. A team sees its own alone."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import FileResponse, JSONResponse, Response

from penchant.operations.jobs import read_jobs
from penchant.serve.batch_bodies import FileDeleted, FilePage, FileShown
from penchant.serve.bodies import Fault
from penchant.serve.faults import Declined
from penchant.serve.files import MOST_FILES, FileShelf, StoredFile, TooManyFiles, job_of, output_file
from penchant.serve.places import After, Id, Limit, Placed, missing, page
from storage.jobs import ENDED

files = APIRouter(responses={404: {"model": Fault}, 409: {"model": Fault}})
CONTENT: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


@files.post("/v1/files", response_model=FileShown)
async def upload(
    place: Placed,
    file: Annotated[UploadFile, File()],
    purpose: Annotated[Literal["batch"], Form()],  # noqa: ARG001 # there is one
) -> Response:
    """Keep a file of requests in OpenAI's batch format."""
    name, content = (file.filename or "file")[:200], await file.read()
    try:
        kept = await asyncio.to_thread(place.shelf.add, place.team, name, content)
    except TooManyFiles:
        raise Declined(429, f"the team keeps {MOST_FILES:,} files, as many as it may", "", "delete some") from None
    return JSONResponse(kept.report())


@files.get("/v1/files", response_model=FilePage)
async def list_files(place: Placed, limit: Limit = 20, after: After = "") -> Response:
    """The files that the team has uploaded, the newest first."""
    found = await asyncio.to_thread(lambda: list(place.shelf.of(place.team)))
    newest = sorted(found, key=lambda each: (-each.created_at, each.id))
    return JSONResponse(page([each.report() for each in newest], limit, after))


@files.get("/v1/files/{file_id}", response_model=FileShown)
async def show_file(place: Placed, file_id: Id) -> Response:
    """A file that was uploaded, or one that a batch has written."""
    if (of_job := job_of(file_id)) is not None:
        job = (await place.job(of_job[0])).job
        return JSONResponse((await asyncio.to_thread(output_file, job, file_id)).report())
    return JSONResponse((await asyncio.to_thread(_found, place.shelf, place.team, file_id)).report())


@files.get("/v1/files/{file_id}/content", response_class=FileResponse, responses=CONTENT)
async def content(place: Placed, file_id: Id) -> Response:
    """What it holds."""
    if (of_job := job_of(file_id)) is not None:
        path = Path((await place.job(of_job[0])).job.folder) / of_job[1]
        if not await asyncio.to_thread(path.exists):
            raise missing("file", file_id)
    else:
        await asyncio.to_thread(_found, place.shelf, place.team, file_id)
        path = place.shelf.content(place.team, file_id)
    return FileResponse(path, media_type="application/octet-stream")


@files.delete("/v1/files/{file_id}", response_model=FileDeleted)
async def remove(place: Placed, file_id: Id) -> Response:
    """Delete a file that was uploaded, unless a batch that has not ended reads it."""
    there = await read_jobs(place.settings)
    if any(job.options.get("input_file_id") == file_id and job.state not in ENDED for job in there.jobs.values()):
        raise Declined(409, "a batch that has not ended reads it", "file_id", "cancel the batch first")
    if not await asyncio.to_thread(place.shelf.remove, place.team, file_id):
        raise missing("file", file_id)
    return JSONResponse({"id": file_id, "object": "file", "deleted": True})


def _found(shelf: FileShelf, team: str, name: str) -> StoredFile:
    found = shelf.find(team, name)
    if found is None:
        raise missing("file", name)
    return found
