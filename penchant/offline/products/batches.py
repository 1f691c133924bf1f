"""Batches: what a job still has to ask, as files for a batch service, and its answers taken into the folder."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from agents.products.understanding import Answered, Understanding
from clients.calls import Call, Completion
from clients.pools.use_cases import UseCase
from penchant.offline.products.batch import LineRefused, answer, request
from penchant.offline.products.columns import columns
from penchant.offline.products.job import Catalogue, rows_of
from penchant.offline.products.kept import kept
from penchant.offline.products.prompting import USE_CASE, product_prompts
from penchant.offline.products.reading import Rejected
from penchant.offline.products.run import ANSWERS, make_folder
from penchant.settings.root import Settings
from streams.errors import ModelUnavailable, SettingInvalid

MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
"""Of one file, by OpenAI's rules."""

_SHOWN = 3


@dataclass(slots=True)
class Written:
    """The files that were written, and how many requests and rejects the catalogue came to."""

    files: list[str] = field(default_factory=list)
    requests: int = 0
    rejected: int = 0


@dataclass(slots=True)
class Taken:
    """Answers that were taken, and lines that hold none, with the reasons of the first."""

    answers: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)


async def write_requests(
    settings: Settings, catalogue: Path, wanted: Path | None, out: Path, most: int = MOST_REQUESTS
) -> Written:
    """Write what a run of the catalogue would ask first, `most` in a file. SettingInvalid where no model is named."""
    rules = settings.use_cases.get(USE_CASE, UseCase())
    model = rules.model or settings.model.name
    if not model:
        raise SettingInvalid("no model is named", "set use_cases.products.model to the name that the service knows")
    prompts = product_prompts(settings)
    make_folder(out)
    written, part = Written(), _Parts(out, most)
    async with kept(out / ANSWERS) as answers:
        understanding = Understanding(_nobody, model, prompts, rules.sampling(settings.sampling), answers)
        with part:
            async for key, call in _missing(Catalogue(catalogue, columns(wanted), prompts), understanding, written):
                part.write(request(key, call, model))
                written.requests += 1
    written.files = part.files
    return written


async def take_answers(files: Iterable[Path], out: Path) -> Taken:
    """Keep the answers of a service's output files. The next run goes by them, as if it had asked itself."""
    taken = Taken()
    make_folder(out)
    async with kept(out / ANSWERS) as answers:
        for path in files:
            for found in _answers(path):
                if isinstance(found, str):
                    taken.refused += 1
                    taken.reasons += [found] if len(taken.reasons) < _SHOWN else []
                else:
                    await answers.put(*found)
                    taken.answers += 1
    return taken


async def _missing(
    catalogue: Catalogue, understanding: Understanding, written: Written
) -> AsyncIterator[tuple[str, Call]]:
    """Each call once: products may have the same text."""
    asked: set[str] = set()
    async for row in rows_of(catalogue):
        if isinstance(row, Rejected):
            written.rejected += 1
            continue
        async for key, call in understanding.missing(row):
            if key not in asked:
                asked.add(key)
                yield key, call


def _answers(path: Path) -> Iterable[tuple[str, Answered] | str]:
    try:
        with path.open("rb") as file:
            for line in filter(bytes.strip, file):
                try:
                    yield answer(line)
                except LineRefused as refused:
                    yield str(refused)
    except OSError as exc:
        raise SettingInvalid(f"{path} cannot be read: {exc.strerror}", "name the output file of the batch") from exc


async def _nobody(call: Call) -> Completion:
    raise ModelUnavailable(f"{call.id} is for a batch")


class _Parts:
    """Files of a folder, each within what a service takes. Those of an earlier time go."""

    def __init__(self, folder: Path, most: int) -> None:
        self._folder, self._most, self.files = folder, most, list[str]()
        self._file: BinaryIO | None = None
        self._requests = self._bytes = 0

    def __enter__(self) -> None:
        for old in self._folder.glob("requests-*.jsonl"):
            old.unlink()

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def write(self, line: bytes) -> None:
        """One request, in another file where this one is full."""
        if self._file is None or self._requests == self._most or self._bytes + len(line) > MOST_BYTES:
            self._file = self._next()
        self._file.write(line)
        self._requests += 1
        self._bytes += len(line)

    def _next(self) -> BinaryIO:
        if self._file:
            self._file.close()
        path = self._folder / f"requests-{len(self.files) + 1:05}.jsonl"
        self.files.append(str(path))
        self._requests = self._bytes = 0
        return path.open("wb")
