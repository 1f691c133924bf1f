"""The plain wheel, without any extra: every command works, or names what to install."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penchant.cli.main import COMMANDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WITHIN_S = 600
OTTO = str(ROOT / "tests" / "data" / "otto_sessions.jsonl")

ALONE = {
    "a file of settings": ["settings", "--example"],
    "the packaged prompts": ["prompts", "list"],
    "an eval on the simulated model": ["eval", "--events", OTTO],
    "an audit of the simulated model": ["audit", "--embedded"],
}
"""What needs neither a server nor an extra."""

WANTING = {
    "demo": (["demo"], "penchant[embedded]"),
    "console": (["console"], "penchant[http]"),
    "serve": (["serve"], "penchant[serve]"),
    "a tritonserver": (["simulate", "model", "--api", "triton"], "penchant[embedded]"),
    "trees": (["learn", "--events", OTTO, "--out", "x", "--predictor", "y"], "penchant[learn]"),
    "traces": (["worker"], "penchant[traces]"),
    "bench": (["bench", "--help"], "from a checkout"),
}
"""What needs something else, and what its remedy names."""


@pytest.fixture(scope="module")
def penchant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of an environment that has the wheel of this tree and what it requires, nothing else."""
    folder = tmp_path_factory.mktemp("plain")
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)])
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "home")])
    (wheel,) = folder.glob("*.whl")
    into = ["--python", str(folder / "home" / "bin" / "python"), "install", "--quiet"]
    _run([sys.executable, "-m", "pip", *into, "-c", str(ROOT / "constraints.txt"), str(wheel)])
    return folder / "home" / "bin" / "penchant"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_its_help(name: str, penchant: Path, tmp_path: Path) -> None:
    """So each can be imported, but what is listed as wanting more."""
    ended = _command(penchant, tmp_path, [name, "--help"])
    assert ended.returncode == 0 or (name in WANTING and "remedy" in ended.stderr), ended.stderr


@pytest.mark.parametrize("what", ALONE)
def test_what_needs_no_extra_works(what: str, penchant: Path, tmp_path: Path) -> None:
    """Templates, vocabularies and scripts are in the wheel."""
    ended = _command(penchant, tmp_path, ALONE[what])
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("what", WANTING)
def test_what_needs_an_extra_names_it(what: str, penchant: Path, tmp_path: Path) -> None:
    """Exit status 2 with a remedy, and no traceback."""
    arguments, remedy = WANTING[what]
    ended = _command(penchant, tmp_path, arguments)
    assert ended.returncode == 2, ended.stderr
    assert remedy in ended.stderr
    assert "Traceback" not in ended.stderr


def _command(penchant: Path, folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PENCHANT_", "PYTHON"))}
    nowhere = {
        "KAFKA__BOOTSTRAP": "127.0.0.1:1",
        "KAFKA__HISTORY_TOPIC": "history",
        "REDIS__URL": "redis://127.0.0.1:1/0",
        "TRACES__URL": "http://127.0.0.1:1/v1/traces",
    }
    told = clean | {f"PENCHANT_{name}": value for name, value in nowhere.items()}
    return subprocess.run(
        [str(penchant), *arguments], cwd=folder, env=told, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
