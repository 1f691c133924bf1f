"""Run of requests: a file in OpenAI's batch format asked line by line, each answer kept, and both files written."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import orjson

from agents.products.understanding import Answered
from penchant.offline.eval.calling import first
from penchant.offline.gate import Gate
from penchant.offline.jobs.lines import (
    EXPIRED,
    FAILED,
    REFUSED,
    LineWrong,
    Request,
    answered,
    needs_passing_on,
    output_line,
    request,
)
from penchant.offline.products.kept import Kept, kept
from penchant.offline.products.run import ANSWERS, make_folder
from penchant.offline.products.writing import rows
from streams.errors import CallFailed, CallSuspect, JobExpired, JobHeld, PenchantError, Refuse, SettingInvalid

OUTPUT, ERRORS = "output.jsonl", "errors.jsonl"
CHUNK = 256
"""Lines that are read at once."""

MOST_BLAMED = 3
"""Outages that began with a line, before it is given up."""

Unanswered = Literal["is wrong", "is left out", "expired"]
"""What a line without an answer comes to when the files are written."""

NOT_IN_TIME = "This request could not be executed before the completion window expired."
"""OpenAI's own words."""

PROMPTS_ALONE = "the servers of this use case take prompts alone: name a pool of the dialect openai in use_cases"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that is no request, and why."""

    number: int
    custom_id: str
    why: str


async def run_requests(file: Path, folder: Path, gate: Gate, at_once: int) -> None:
    """Ask all lines that have no answer yet, and write the files, in the order of the lines.

    Raises JobHeld when the gate is held, SettingInvalid, and what the gate raises. Whatever it raises, the files have
    what was answered: the job may have been cancelled, or may fail.
    """
    make_folder(folder)
    async with kept(folder / ANSWERS) as answers:
        try:
            gate.tally.of(await asyncio.to_thread(count, file))
            await _ask_all(file, gate, answers, at_once)
            await _write(file, folder, answers, "is wrong")
        except PenchantError as error:
            with suppress(SettingInvalid):  # the file of requests cannot be read any more
                await _write(file, folder, answers, "expired" if isinstance(error, JobExpired) else "is left out")
            raise


async def _write(file: Path, folder: Path, answers: Kept, unanswered: Unanswered) -> None:
    with rows(folder / OUTPUT, "jsonl") as output, rows(folder / ERRORS, "jsonl") as errors:
        async for line in _outcomes(file, answers, unanswered):
            (errors if line["error"] else output).write(line)


def count(file: Path) -> int:
    """How many lines it has. SettingInvalid where it cannot be read."""
    return sum(1 for _ in _lines(file))


def requests_of(file: Path) -> Iterator[Request | Wrong]:
    """Each line as a request, or why it is none. SettingInvalid where it cannot be read."""
    seen: set[int] = set()
    for number, line in _lines(file):
        try:
            asked = request(line)
        except LineWrong as wrong:
            yield Wrong(number, "", str(wrong))
            continue
        name = int.from_bytes(blake2b(asked.custom_id.encode(errors="surrogatepass"), digest_size=8).digest())
        if name in seen:
            yield Wrong(number, asked.custom_id, "custom_id: it stands in a line before")
            continue
        seen.add(name)
        yield asked


async def _ask_all(file: Path, gate: Gate, answers: Kept, at_once: int) -> None:
    permits, held = asyncio.Semaphore(at_once), list[JobHeld]()
    blamed = await answers.blamed(MOST_BLAMED)

    async def one(asked: Request) -> None:
        try:
            await _ask(asked, gate, answers, blamed=asked.key in blamed)
        except JobHeld as hold:
            held.append(hold)
        finally:
            permits.release()

    try:
        async with asyncio.TaskGroup() as tasks:
            async for each in _each(file):
                if isinstance(each, Wrong):
                    gate.tally.advance(failed=True)
                elif (known := await answers.get(each.key)) is not None:
                    gate.tally.advance(kept=True, failed=bool(orjson.loads(known.text)["error"]))
                else:
                    await permits.acquire()
                    if held:
                        break
                    tasks.create_task(one(each))
    except BaseExceptionGroup as group:
        raise first(group) from group
    if held:
        raise held[0]


async def _ask(asked: Request, gate: Gate, answers: Kept, *, blamed: bool) -> None:
    error, code, response, tokens = None, REFUSED, None, (0, 0)
    try:
        if blamed:
            raise CallFailed(f"no server answered after it, each of {MOST_BLAMED} times that it was asked alone")
        done = await gate.ask(asked.call())
        tokens = done.input_tokens or 0, done.output_tokens or 0
        if done.body is None and needs_passing_on(asked):
            error = PROMPTS_ALONE
        else:
            response = answered(asked, done)
    except CallSuspect:
        await answers.blame(asked.key)
        raise
    except Refuse as refused:  # it would be refused again: the other lines go on
        error, code = str(refused), FAILED if isinstance(refused, CallFailed) else REFUSED
    line = output_line(asked.custom_id, asked.key, response, error, code)
    await answers.put(asked.key, Answered(orjson.dumps(line).decode(), *tokens))
    gate.tally.advance(failed=error is not None)


async def _outcomes(file: Path, answers: Kept, unanswered: Unanswered) -> AsyncIterator[dict[str, Any]]:
    async for chunk in _chunks(file):
        known = await answers.some([each.key for each in chunk if isinstance(each, Request)])
        for each in chunk:
            if isinstance(each, Wrong):
                yield output_line(each.custom_id, f"line-{each.number}", None, f"line {each.number}: {each.why}")
            elif each.key in known:
                line: dict[str, Any] = orjson.loads(known[each.key].text)
                yield line
            elif unanswered == "expired":
                yield output_line(each.custom_id, each.key, None, NOT_IN_TIME, EXPIRED)
            elif unanswered == "is wrong":
                raise SettingInvalid(f"{file} has changed while it was asked", "submit it again")


async def _each(file: Path) -> AsyncIterator[Request | Wrong]:
    async for chunk in _chunks(file):
        for each in chunk:
            yield each


async def _chunks(file: Path) -> AsyncIterator[list[Request | Wrong]]:
    """The lines, read in a thread, some at a time."""
    lines = requests_of(file)
    while chunk := await asyncio.to_thread(lambda: list(islice(lines, CHUNK))):
        yield chunk


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """Those that are not empty, by number from 1."""
    try:
        with file.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                if line.strip():
                    yield number, line
    except OSError as exc:
        raise SettingInvalid(
            f"{file} cannot be read: {exc.strerror}", "name a file that every runner can read"
        ) from exc
