"""penchant demo looks at its arguments before it starts anything."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app

OTTO = Path(__file__).parents[2] / "data" / "otto_sessions.jsonl"
NOBODY = "http://127.0.0.1:1/v1"

WRONG = {
    "a speed without a recording": (["--speed", "2"], "--speed"),
    "no such file": (["--events", "none.jsonl"], "does not exist"),
    "a folder of events": (["--events", "."], "is a directory"),
    "events in no dialect": (["--events", "notes.txt"], "docs/events.md"),
    "a recording at a rate": (["--events", str(OTTO), "--rate", "3"], "--rate"),
    "a recording of so many shoppers": (["--events", str(OTTO), "--shoppers", "3"], "--shoppers"),
    "a model without a server": (["--model-name", "tiny"], "--model-name"),
    "an address that is none": (["--model-url", "tiny"], "model.url"),
    "an unknown kind": (["--model-url", NOBODY, "--model-server", "mine"], "model.server"),
    "an unknown dialect": (["--model-url", NOBODY, "--model-dialect", "mine"], "model.dialect"),
    "two models": (["--model-url", NOBODY, "--real-model"], "--real-model"),
    "a run folder that is a file": (["--run-folder", "notes.txt"], "--run-folder"),
    "settings that are none": (["--model-url", NOBODY, "--config", "notes.txt"], "notes.txt"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_what_cannot_be_played_is_said_at_once(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit status 2 with the option or setting by its name, and no server has left a log."""
    arguments, named = WRONG[fault]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    ended = CliRunner().invoke(app, ["demo", *arguments])
    assert ended.exit_code == 2, ended.output
    assert named in ended.stderr
    assert not list(tmp_path.rglob("*.log"))
