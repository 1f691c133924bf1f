"""A run of requests that ends before its time, or with lines that nobody answers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from clients.calls import Call, Completion
from penchant.offline.gate import PROBE, Gate
from penchant.offline.job_counts import JobCounts
from penchant.offline.jobs.requests_run import run_requests
from storage.jobs import Progress
from streams.errors import (
    ContractMismatch,
    JobExpired,
    JobHeld,
    ModelOverloaded,
    ModelUnavailable,
    PenchantError,
)
from tests.penchant.offline.jobs.test_jobs import requests, spoil

Answer = Callable[[Call], Awaitable[None]]
"""What an answer waits for, or fails by."""


class UseCaseFake:
    """A use case's client whose calls do as `answer` says before they are answered."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    async def budgeted(self) -> None:
        """There is no bound."""

    async def complete(self, call: Call) -> Completion:
        """An answer."""
        await self._answer(call)
        return Completion(f"answer to {call.id}", "m", "r")


async def gate_to(answer: Answer, at_once: int = 1, *, outage: bool = False) -> Gate:
    """A gate to such a client, without pauses; once held it waits for no call. `outage`: the run before ended so."""
    made = Gate(UseCaseFake(answer), JobCounts(Progress(outage=outage)), pauses_s=(0.0, 0.0), probes=1, end_s=0.01)  # type: ignore[arg-type] # the part of the port that is used
    await made.allow(at_once)
    return made


async def at_once(_: Call) -> None:
    """Nothing."""


def held_after(count: int, error: JobHeld) -> tuple[list[Gate], Answer]:
    """Have a gate held with so many answers; whoever asks puts the gate into the list."""
    gate, made = list[Gate](), list[str]()

    async def answer(call: Call) -> None:
        made.append(call.id)
        if len(made) == count:
            await gate[0].hold(error)

    return gate, answer


async def test_a_run_that_is_held_leaves_what_was_answered(tmp_path: Path) -> None:
    """In the files, with the wrong lines; the run after it asks the others alone and writes all."""
    file, folder = requests(tmp_path, 5), tmp_path / "out"
    spoil(file)
    gates, answer = held_after(2, JobHeld("it is cancelled"))
    gates.append(await gate_to(answer))
    with pytest.raises(JobHeld):
        await run_requests(file, folder, gates[0], 1)
    assert names(folder / "output.jsonl") == ["r0", "r1"]
    assert len(names(folder / "errors.jsonl")) == 3
    again = await gate_to(at_once)
    await run_requests(file, folder, again, 1)
    assert names(folder / "output.jsonl") == [f"r{at}" for at in range(5)]
    assert again.tally.progress.calls == 3


async def test_of_a_job_that_expired_each_line_says_so(tmp_path: Path) -> None:
    """As OpenAI's API has it: what was answered is in the output, the others are errors by its code."""
    file, folder = requests(tmp_path, 4), tmp_path / "out"
    gates, answer = held_after(2, JobExpired("its deadline has passed"))
    gates.append(await gate_to(answer))
    with pytest.raises(JobExpired):
        await run_requests(file, folder, gates[0], 1)
    assert names(folder / "output.jsonl") == ["r0", "r1"]
    assert errors(folder) == [("r2", "batch_expired"), ("r3", "batch_expired")]


@pytest.mark.parametrize("error", [ContractMismatch("another model"), ModelUnavailable("away")])
async def test_a_run_that_fails_leaves_what_was_answered(tmp_path: Path, error: PenchantError) -> None:
    """Whatever it fails by."""
    file, folder, made = requests(tmp_path, 4), tmp_path / "out", list[str]()

    async def answer(call: Call) -> None:
        made.append(call.id)
        if len(made) > 2:
            raise error

    with pytest.raises(type(error)):
        await run_requests(file, folder, await gate_to(answer), 1)
    assert names(folder / "output.jsonl") == ["r0", "r1"]
    assert names(folder / "errors.jsonl") == []


async def test_a_file_that_is_gone_fails_the_run_by_its_name(tmp_path: Path) -> None:
    """The files that were there stay."""
    file, folder = requests(tmp_path, 2), tmp_path / "out"
    await run_requests(file, folder, await gate_to(at_once), 1)
    file.unlink()
    with pytest.raises(PenchantError, match=r"requests\.jsonl cannot be read"):
        await run_requests(file, folder, await gate_to(at_once), 1)
    assert names(folder / "output.jsonl") == ["r0", "r1"]


async def test_a_line_at_which_servers_fail_is_given_up_and_the_others_are_answered(tmp_path: Path) -> None:
    """After bounded tries, with the reason. That servers answer at all is seen by a small call after each."""
    file, folder, tries, probes = requests(tmp_path, 4), tmp_path / "out", list[str](), list[str]()

    async def answer(call: Call) -> None:
        probes.extend([call.id] * (call.id == PROBE.id))
        if "number 1?" in call.prompt:
            tries.append(call.id)
            raise ModelUnavailable("500: index out of range")

    gate = await gate_to(answer, 2)
    await run_requests(file, folder, gate, 2)
    assert (len(tries), len(probes)) == (3, 3)
    assert names(folder / "output.jsonl") == ["r0", "r2", "r3"]
    assert errors(folder) == [("r1", "server_error")]
    assert "index out of range" in (folder / "errors.jsonl").read_text(encoding="utf-8")
    assert (gate.tally.progress.done, gate.tally.progress.failed) == (4, 1)


async def test_a_line_that_takes_the_servers_down_does_not_keep_its_job_for_ever(tmp_path: Path) -> None:
    """It is known by the calls that are made alone after an outage, and given up after three; no other line is."""
    file, folder, away, runs = requests(tmp_path, 4), tmp_path / "out", [False], 0

    async def answer(call: Call) -> None:
        away[0] = away[0] or "number 1?" in call.prompt
        if away[0]:
            raise ModelUnavailable("nobody listens")

    again = True
    while again:
        runs += 1
        away[0] = runs == 3  # once it is no line's fault
        gate = await gate_to(answer, 4, outage=runs > 1)
        again = False
        try:
            await run_requests(file, folder, gate, 4)
        except ModelUnavailable:
            again = True
    assert runs < 30
    assert names(folder / "output.jsonl") == ["r0", "r2", "r3"]
    assert errors(folder) == [("r1", "server_error")]


async def test_no_line_is_given_up_because_servers_are_busy(tmp_path: Path) -> None:
    """Though they ask for less more often than others fail, and answer small calls."""
    file, folder, left = requests(tmp_path, 3), tmp_path / "out", [8]

    async def answer(call: Call) -> None:
        if "number 1?" in call.prompt and left[0]:
            left[0] -= 1
            raise ModelOverloaded("429: too many requests")

    await run_requests(file, folder, await gate_to(answer, 2), 2)
    assert (names(folder / "output.jsonl"), errors(folder)) == (["r0", "r1", "r2"], [])


async def test_no_line_is_given_up_while_servers_answer_nobody(tmp_path: Path) -> None:
    """The job waits; once they are back all lines are answered."""
    file, folder, away = requests(tmp_path, 3), tmp_path / "out", [True]

    async def answer(_: Call) -> None:
        if away[0]:
            raise ModelUnavailable("nobody listens")

    with pytest.raises(ModelUnavailable):
        await run_requests(file, folder, await gate_to(answer), 2)
    away[0] = False
    await run_requests(file, folder, await gate_to(answer), 2)
    assert names(folder / "output.jsonl") == ["r0", "r1", "r2"]
    assert errors(folder) == []


async def test_a_call_without_an_end_keeps_no_held_job(tmp_path: Path) -> None:
    """It is cut off, and the files have what was answered."""
    file, folder, began = requests(tmp_path, 3), tmp_path / "out", asyncio.Event()

    async def answer(call: Call) -> None:
        if "number 1?" in call.prompt:
            began.set()
            await asyncio.get_running_loop().create_future()

    gate = await gate_to(answer, 2)
    running = asyncio.create_task(run_requests(file, folder, gate, 2))
    async with asyncio.timeout(60):
        await began.wait()
        while gate.tally.progress.done < 2:  # noqa: ASYNC110 # the others are answered
            await asyncio.sleep(0.01)
        await gate.hold(JobHeld("it is cancelled"))
        with pytest.raises(JobHeld):
            await running
    assert names(folder / "output.jsonl") == ["r0", "r2"]


@pytest.mark.parametrize(("outage", "expected"), [(True, [1, 2, 5]), (False, [4, 5, 6])])
async def test_after_an_outage_calls_begin_one_by_one(*, outage: bool, expected: list[int]) -> None:
    """A small one, then one alone, then one more with each answer; without an outage all that may go."""
    began, answers = list[str](), asyncio.Semaphore(0)

    async def answer(call: Call) -> None:
        began.append(call.id)
        await answers.acquire()

    gate = Gate(UseCaseFake(answer), JobCounts(Progress(outage=outage)))  # type: ignore[arg-type] # as above
    await gate.allow(4)
    asking = [asyncio.create_task(gate.ask(PROBE)) for _ in range(6)]
    for count in expected:
        await settled()
        assert len(began) == count
        answers.release()
    for _ in asking:
        answers.release()
    async with asyncio.timeout(60):
        await asyncio.gather(*asking)


async def settled() -> None:
    """All who can go on have done so."""
    for _ in range(100):
        await asyncio.sleep(0)


def names(path: Path) -> list[str]:
    """The custom_ids of a file."""
    return [json.loads(line)["custom_id"] for line in path.read_text(encoding="utf-8").splitlines()]


def errors(folder: Path) -> list[tuple[str, str]]:
    """Those of the error file, with their codes."""
    lines = (folder / "errors.jsonl").read_text(encoding="utf-8").splitlines()
    return [(line["custom_id"], line["error"]["code"]) for line in map(json.loads, lines)]
