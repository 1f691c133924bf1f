"""penchant eval as people call it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.servers.openai import OpenAIServer
from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from tests.penchant.commands import run
from tests.penchant.offline.eval.test_cases import simulated

BEGAN_MS = 1_700_000_000_000


def dated(count: int) -> list[ShopperEvent]:
    """Simulated events with times as a file has them: no file is read that says 1970."""
    return [replace(event, time_ms=BEGAN_MS + event.time_ms) for event in simulated(count)]


@pytest.mark.slow
async def test_eval_of_native_events(tmp_path: Path) -> None:
    """One JSON object on stdout, pages and plots in the folder, and a default model that is named a simulation."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, dated(300))))
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
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, dated(50))))
    ended = await run(tmp_path, {}, "eval", "--events", "events.jsonl", *arguments)
    assert ended.status not in {0, None}
    assert ended.err.startswith("penchant: ")
    assert not ended.out


@pytest.mark.slow
async def test_a_model_and_a_judge_behind_a_url(tmp_path: Path) -> None:
    """Any server that we talk to: asked about the cuts, and as a judge about pairs, which people find in the folder."""
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(map(encode, dated(100))))
    (tmp_path / "labels.jsonl").write_bytes(b'{"pair": "0", "winner": "tie"}\n')
    async with OpenAIServer(tmp_path, answer="tests.penchant.offline.eval.answering:answer") as server:
        ended = await run(
            *(tmp_path, {}, "eval", "--events", "events.jsonl", "--sessions", "5", "--json", "--report", "pages"),
            *("--model-url", server.url, "--judge", server.url, "--pairs", "3", "--labels", "labels.jsonl"),
        )
    assert ended.status == 0, ended.err
    model, judge = ended.report["models"]["model"], ended.report["judge"]
    assert (model["simulation"], model["schema_valid_share"]) == (False, 1.0)
    assert (judge["pairs"], judge["invalid"], judge["won"]) == (3, 0, {"rules": 0, "model": 0, "tie": 3})
    assert not judge["counts"]
    pairs = (tmp_path / "pages" / "pairs.jsonl").read_text().splitlines()
    assert [set(json.loads(pair)) for pair in pairs] == [{"pair", "shown", "rules", "model", "flipped"}] * 3
