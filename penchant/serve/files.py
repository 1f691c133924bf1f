"""Files: what teams upload by /v1/files, and what their jobs answered, in the folder of jobs.

A file is a folder of its own with its content and what is known of it. Output files are those of the jobs' folders.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from re import fullmatch
from shutil import rmtree
from uuid import uuid4

import orjson

from storage.jobs import Job

CONTENT, ABOUT = "content.jsonl", "about.json"
OUTPUTS = {"output": "output.jsonl", "errors": "errors.jsonl"}
MOST_FILES = 1_000
"""Of a team."""

_ID = r"file-[0-9a-f]{24}"
_OF_JOB = r"file-(job_[0-9a-f]{16})-(output|errors)"


class TooManyFiles(Exception):
    """A team keeps as many files as it may."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a team. `created_at` is in epoch seconds, `bytes` its length."""

    id: str
    team: str
    filename: str
    purpose: str
    bytes: int
    created_at: int

    def report(self) -> dict[str, object]:
        """As OpenAI's API has it."""
        told = {"id": self.id, "object": "file", "bytes": self.bytes, "created_at": self.created_at}
        return told | {"filename": self.filename, "purpose": self.purpose, "status": "processed"}


class FileShelf:
    """The files below a folder. It blocks: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "files"
        self._jobs = folder / "jobs"

    def job_folder(self, team: str) -> Path:
        """A new one for a job's answers."""
        return self._jobs / team / uuid4().hex

    def add(self, team: str, filename: str, content: bytes) -> StoredFile:
        """Keep a file. TooManyFiles."""
        if sum(1 for _ in self.of(team)) >= MOST_FILES:
            raise TooManyFiles
        known = StoredFile(f"file-{uuid4().hex[:24]}", team, filename, "batch", len(content), int(time.time()))
        folder = self._folder / team / known.id
        beside = folder.with_name(f".{known.id}")
        beside.mkdir(parents=True)
        (beside / CONTENT).write_bytes(content)
        (beside / ABOUT).write_bytes(orjson.dumps(asdict(known)))
        beside.rename(folder)
        return known

    def of(self, team: str) -> Iterator[StoredFile]:
        """A team's files."""
        for about in (self._folder / team).glob(f"file-*/{ABOUT}"):
            yield StoredFile(**orjson.loads(about.read_bytes()))

    def find(self, team: str, name: str) -> StoredFile | None:
        """A file that the team has uploaded; None where there is none."""
        if not fullmatch(_ID, name):
            return None
        about = self._folder / team / name / ABOUT
        return StoredFile(**orjson.loads(about.read_bytes())) if about.exists() else None

    def content(self, team: str, name: str) -> Path:
        """Where the content of such a file stands."""
        return self._folder / team / name / CONTENT

    def remove(self, team: str, name: str) -> bool:
        """Remove such a file; returns whether there was one."""
        if self.find(team, name) is None:
            return False
        rmtree(self._folder / team / name)
        return True


def output_id(job: Job, which: str) -> str | None:
    """The id of an output or error file of a job that has ended, where it has one that is not empty."""
    path = Path(job.folder) / OUTPUTS[which]
    return f"file-{job.id}-{which}" if job.ended_ms and path.exists() and path.stat().st_size else None


def job_of(name: str) -> tuple[str, str] | None:
    """The job that an id of an output file names, and the name of its file."""
    found = fullmatch(_OF_JOB, name)
    return (found[1], OUTPUTS[found[2]]) if found else None


def output_file(job: Job, name: str) -> StoredFile:
    """An output file as a file."""
    path = Path(job.folder) / OUTPUTS[name.rpartition("-")[2]]
    size = path.stat().st_size if path.exists() else 0
    return StoredFile(name, job.team, path.name, "batch_output", size, (job.ended_ms or job.at_ms) // 1_000)
