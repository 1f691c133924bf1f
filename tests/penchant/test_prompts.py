"""A shop's own prompts: read at the start, checked by a command, and taken by name wherever one is."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from agents.experiments.assignment import Arm, Experiment
from penchant.cli.main import app
from penchant.settings.prompts import prompt_library
from penchant.settings.sources import load_settings
from prompts.budget import PromptRules
from prompts.library import packaged_templates
from streams.errors import SettingInvalid
from tests.data.folders import GROCERIES


def run(*arguments: str) -> tuple[int, str]:
    """Exit status and output of a command."""
    ended = CliRunner().invoke(app, ["prompts", *arguments])
    return ended.exit_code, ended.output


def write(folder: Path, **files: str) -> Path:
    """A folder of templates."""
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_the_folder_that_the_settings_name_is_in_force() -> None:
    """Its vocabulary, and its templates by name."""
    given: dict[str, object] = {"prompt.folder": str(GROCERIES), "prompt.version": "lebensmittel"}
    settings = load_settings(None, given).settings
    assert settings.prompts.vocabulary.labels == ("wocheneinkauf", "grillfest", "vergleichen")
    arm: dict[str, object] = {
        "experiments": [{"name": "x", "arms": [{"name": "a", "percent": 1, "prompt_version": "lebensmittel"}]}]
    }
    assert load_settings(None, given | arm).settings.experiments[0].arms[0].prompt_version == "lebensmittel"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prompt.version": "lebensmittel"}, "prompt.version"),
        ({"prompt.version": "../v1"}, "prompt.version"),
        ({"prompt.folder": "nowhere"}, "prompt.folder"),
    ],
)
def test_what_is_not_there_is_a_wrong_setting(given: dict[str, object], said: str) -> None:
    """The error names the setting."""
    with pytest.raises(SettingInvalid, match=said):
        load_settings(None, given)


def test_an_arm_may_name_no_prompt_that_is_not_there() -> None:
    """The error names the arm and the prompts there are."""
    arm = Experiment("x", (Arm("a", 1.0, prompt_version="lebensmittel"),))
    with pytest.raises(SettingInvalid, match=r"x\.a\.prompt_version: there is no lebensmittel: choose one of v1"):
        load_settings(None, {"experiments": (arm,)})


def test_a_folder_that_is_wrong_is_refused(tmp_path: Path) -> None:
    """Empty, unreadable or with a faulty template: the error says what and where, as a setting does."""
    with pytest.raises(SettingInvalid, match="holds no template"):
        prompt_library(tmp_path)
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingInvalid, match="not UTF-8"):
        prompt_library(tmp_path)
    write(tmp_path, own="Answer:")
    with pytest.raises(SettingInvalid, match="must end with the lines"):
        prompt_library(tmp_path)
    with pytest.raises(SettingInvalid, match=r"prompt\.folder.*must end with the lines"):
        load_settings(None, {"prompt.folder": str(tmp_path)})


def test_a_folder_may_hold_only_one_of_both(tmp_path: Path) -> None:
    """Templates with the packaged vocabulary, or a vocabulary for the packaged templates."""
    assert prompt_library(write(tmp_path, own=packaged_templates()["v2"])).names[-1] == "own"
    words = tmp_path / "words"
    words.mkdir()
    (words / "vocabulary.toml").write_text("[missions.fishing]", encoding="utf-8")
    assert prompt_library(words).vocabulary.labels == ("fishing",)


def test_lists_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the version that intents name, and what the fixed text costs."""
    monkeypatch.setenv("PENCHANT_PROMPT__FOLDER", str(GROCERIES))
    status, out = run("list", "--json")
    report = orjson.loads(out)
    assert status == 0
    assert [row["name"] for row in report["prompts"]] == [*packaged_templates(), "lebensmittel"]
    assert report["prompts"][-1]["version"].startswith("lebensmittel@")
    assert all(row["fixed_tokens"] > 50 for row in report["prompts"])
    assert [row["name"] for row in report["prompts"] if row["in_force"]] == [PromptRules().version]
    assert report["missions"] == ["wocheneinkauf", "grillfest", "vergleichen"]
    assert "missions: wocheneinkauf, grillfest, vergleichen" in run("list")[1]


def test_checks_a_folder(tmp_path: Path) -> None:
    """As the start would: exit status 2, and the first thing that is wrong."""
    assert run("check", str(GROCERIES))[0] == 0
    status, said = run("check", str(write(tmp_path, own="Answer:")))
    assert status == 2
    assert "own.txt must end with the lines" in said


def test_compares_two() -> None:
    """Line by line; the same one differs in nothing."""
    status, said = run("diff", "v1", "v2")
    assert status == 0
    assert "+A line that begins with p1: is what the shop says of that product." in said.splitlines()
    assert "They are the same" in run("diff", "v1", "v1")[1]
