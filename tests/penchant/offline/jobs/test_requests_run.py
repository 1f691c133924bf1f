"""A run of requests that is held: what was answered is not lost to whoever cancelled it."""

import json
from pathlib import Path

import pytest

from clients.calls import Call, Completion
from penchant.offline.jobs.gate import Gate
from penchant.offline.jobs.job_counts import JobCounts
from penchant.offline.jobs.requests_run import run_requests
from storage.jobs import Progress
from streams.errors import JobHeld
from tests.penchant.offline.jobs.test_jobs import requests, spoil


class Answering:
    """A use case's client that has the gate held after some answers."""

    def __init__(self, most: int) -> None:
        self.gate: Gate | None = None
        self._left = most

    async def budgeted(self) -> None:
        """There is no bound."""

    async def complete(self, call: Call) -> Completion:
        """An answer."""
        self._left -= 1
        if self._left == 0 and self.gate is not None:
            await self.gate.hold("it is cancelled")
        return Completion(f"answer to {call.id}", "m", "r")


async def test_a_run_that_is_held_leaves_what_was_answered(tmp_path: Path) -> None:
    """In the files, with the wrong lines; the run after it asks the others alone and writes all."""
    file, folder = requests(tmp_path, 5), tmp_path / "out"
    spoil(file)
    client = Answering(2)
    client.gate = Gate(client, JobCounts(Progress()))  # type: ignore[arg-type] # the part of the port that is used
    await client.gate.allow(1)
    with pytest.raises(JobHeld):
        await run_requests(file, folder, client.gate, 1)
    assert _names(folder / "output.jsonl") == ["r0", "r1"]
    assert len(_names(folder / "errors.jsonl")) == 3
    again = Gate(Answering(-1), JobCounts(Progress()))  # type: ignore[arg-type]
    await again.allow(1)
    await run_requests(file, folder, again, 1)
    assert _names(folder / "output.jsonl") == [f"r{at}" for at in range(5)]
    assert again.tally.progress.calls == 3


def _names(path: Path) -> list[str]:
    return [json.loads(line)["custom_id"] for line in path.read_text(encoding="utf-8").splitlines()]
