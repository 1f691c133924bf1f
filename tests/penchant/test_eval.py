"""penchant eval as people call it."""

from pathlib import Path

import pytest

from streams.decoding import encode
from tests.penchant.commands import run
from tests.penchant.eval.test_cases import simulated


async def test_eval_of_native_events(tmp_path: Path) -> None:
    """One JSON object on stdout, pages and plots in the folder, and a default model that is named a simulation."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, simulated(300))))
    ended = await run(
        tmp_path, {}, "eval", "--events", "events.jsonl", "--sessions", "15", "--report", "pages", "--json"
    )
    assert ended.status == 0, ended.err
    assert ended.report["models"]["model"]["simulation"]
    assert ended.report["scores"]["rules"]
    written = {path.name for path in (tmp_path / "pages").iterdir()}
    assert written == {"report.md", "report.html", "scores.svg", "calibration.svg"}
    assert "is a simulation" in (tmp_path / "pages" / "report.md").read_text()


@pytest.mark.parametrize("arguments", [("--prompt", "v0"), ("--labels", "none.jsonl"), ("--model-url", "localhost:1")])
async def test_what_cannot_be_evaluated_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """An unknown prompt, a file that is not there, a server that is away: a message, no report, no exit status 0."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, simulated(50))))
    ended = await run(tmp_path, {}, "eval", "--events", "events.jsonl", *arguments)
    assert ended.status not in {0, None}
    assert ended.err.startswith("penchant: ")
    assert not ended.out
