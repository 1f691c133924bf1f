"""penchant tune: an answer with its interval, always the same, that a worker can take as a profile."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from benchmarks.goodput.traffic import Traffic
from penchant.cli.main import app
from penchant.settings.sources import load_settings
from streams.events.decoding import encode

RATE, SECONDS = 4.0, 60.0


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    arrivals = Traffic(RATE, SECONDS, before_s=0.0).arrivals
    file.write_bytes(b"".join(encode(arrival.event) + b"\n" for arrival in arrivals))
    return file


def test_the_command(recording: Path, tmp_path: Path) -> None:
    """A weak target is reached for less than now is spent; what was chosen is a profile with these settings."""
    profile = tmp_path / "ours.toml"
    words = ["--events", str(recording), "--target", "in_time_for_next>=0.2", "--tries", "6", "--jobs", "1", "--json"]
    page, trace, engine = tmp_path / "tune.html", tmp_path / "calls.jsonl", tmp_path / "engine.json"
    files = ["--profile", str(profile), "--html", str(page), "--trace", str(trace), "--engine", str(engine)]
    ran = CliRunner().invoke(app, ["tune", *words, *files])
    assert ran.exit_code == 0, ran.output
    report = orjson.loads(ran.stdout.splitlines()[-1])
    assert report["met"]
    assert report["chosen"]["measure"]["low"] >= 0.2
    assert report["saved"]["mean"] > 0
    assert report["chosen"]["calls_per_event"]["mean"] < report["in_force"]["calls_per_event"]["mean"]
    assert len(report["tried"]) == 6
    assert any(point["best"] for point in report["points"])
    assert page.read_text().count("<circle") == 2 * len(report["points"])
    assert all(orjson.loads(line)["input_length"] > 0 for line in trace.read_bytes().splitlines())
    assert orjson.loads(engine.read_bytes())["engine"][0]["name"] == "max_batch_size"
    loaded = load_settings(overrides={"profile": str(profile)})
    assert any(origin.startswith("profile") for origin in loaded.origins.values())


def test_what_cannot_be_reached(recording: Path) -> None:
    """Ends with status 3; a target that is none with 2."""
    words = ["tune", "--events", str(recording), "--tries", "2", "--jobs", "1"]
    assert CliRunner().invoke(app, [*words, "--target", "freshness_p95_s<=0.1"]).exit_code == 3
    assert CliRunner().invoke(app, [*words, "--target", "freshness<=0.1"]).exit_code == 2


def test_gpus_are_chosen_by_their_rent(recording: Path) -> None:
    """Between so many and so many, on the timing that is worth its price."""
    words = ["--events", str(recording), "--target", "in_time_for_next>=0.2", "--tries", "10", "--jobs", "1", "--json"]
    on = ["--gpus", "1-6", "--on", "qwen3-32b-fp8@h100=4", "--on", "qwen3-32b-fp8@l40s=1.8"]
    ran = CliRunner().invoke(app, ["tune", *words, *on])
    assert ran.exit_code == 0, ran.output
    report = orjson.loads(ran.stdout.splitlines()[-1])
    assert report["cost"] == "dollars_rented"
    assert report["in_force"]["words"] == ""
    assert "gpus=6" not in report["chosen"]["words"]
    assert report["saved"]["mean"] > 0.3


@pytest.mark.parametrize("wrong", [["--gpus", "4-2"], ["--gpus", "many"], ["--on", "h100"], ["--on", "h1000=3"]])
def test_gpus_that_are_none(recording: Path, wrong: list[str]) -> None:
    """Are told with what they may be."""
    ran = CliRunner().invoke(app, ["tune", "--events", str(recording), *wrong])
    assert ran.exit_code == 2
    assert "Invalid value" in ran.output
