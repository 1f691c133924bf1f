"""Profiles: settings that belong together, below all that is set otherwise, with their origin shown."""

from pathlib import Path

import pytest

from penchant.settings.profile import built_in
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.errors import SettingInvalid


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_those_that_come_with_penchant() -> None:
    """Each loads; `balanced` is the defaults, and the others wait longer the thriftier they are."""
    assert built_in() == ("balanced", "fresh", "night", "thrifty")
    waits = {name: load_settings(overrides={"profile": name}).settings.triggers.debounce_s for name in built_in()}
    assert waits["fresh"] < waits["balanced"] < waits["thrifty"] < waits["night"]
    balanced = load_settings(overrides={"profile": "balanced"}).settings
    assert balanced == Settings(profile="balanced")


def test_all_else_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, then a variable, then the command; and it is shown which value came from where."""
    Path("penchant.toml").write_text('profile = "thrifty"\n[triggers]\nmax_wait_s = 7.0\n')
    monkeypatch.setenv("PENCHANT_TRIGGERS__MIN_INTERVAL_S", "9")
    loaded = load_settings()
    triggers = loaded.settings.triggers
    assert (triggers.debounce_s, triggers.max_wait_s, triggers.min_interval_s) == (2.0, 7.0, 9.0)
    assert loaded.origins["triggers.debounce_s"] == "profile thrifty"
    assert loaded.origins["triggers.max_wait_s"] == loaded.origins["profile"] == "penchant.toml"
    assert loaded.origins["triggers.min_interval_s"] == "PENCHANT_TRIGGERS__MIN_INTERVAL_S"
    assert loaded.origins["triggers.urgent"] == "default"
    monkeypatch.setenv("PENCHANT_PROFILE", "night")
    assert load_settings().settings.triggers.debounce_s == 5.0


def test_a_teams_own() -> None:
    """Is a file of settings, by its path."""
    Path("sale.toml").write_text("[triggers]\ndebounce_s = 0.5\n")
    loaded = load_settings(overrides={"profile": "sale.toml"})
    assert loaded.settings.triggers.debounce_s == 0.5
    assert loaded.origins["triggers.debounce_s"] == "profile sale.toml"


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("nigth", "", "fresh, night, thrifty"),
        ("there_is_none.toml", "", "cannot be read as a settings file"),
        ("bad.toml", "[triggers", "it is not TOML"),
        ("bad.toml", 'profile = "night"', "leave it out"),
        ("bad.toml", "[triggers]\ndebounce_s = -1", "profile bad.toml"),
        ("bad.toml", "[triggers]\nno_such = 1", "no_such"),
        ("", "", "profile"),
    ],
)
def test_what_is_wrong_is_named(name: str, text: str, why: str) -> None:
    """With the remedy, and all of it before anything starts."""
    if text:
        Path(name).write_text(text)
    with pytest.raises(SettingInvalid, match=why):
        load_settings(overrides={"profile": name})
