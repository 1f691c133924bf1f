"""The command line: what it prints, where, and with which exit status."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from penchant import __version__
from penchant.cli.main import COMMANDS, app
from streams.errors import LineageMismatch, PlatformLacks, SettingInvalid, StoreUnavailable

runner = CliRunner()

HEAVY = ("aiokafka", "confluent_kafka", "faust", "httpx", "numpy", "redis", "structlog", "tritonclient")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without a file; the settings of whoever runs the tests do not count."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("PENCHANT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Registers a function of the test as the command `trial`."""
    module = type(sys)("penchant.cli.trial")

    def register(function: Callable[[], None]) -> None:
        module.trial = function  # type: ignore[attr-defined]

    monkeypatch.setitem(sys.modules, "penchant.cli.trial", module)
    monkeypatch.setitem(COMMANDS, "trial", "Do what the test says.")
    return register


def test_version() -> None:
    """--version prints name and version and nothing else."""
    result = runner.invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"penchant {__version__}\n")


def test_help_imports_no_command() -> None:
    """`penchant --help` is fast: no command's module and no heavy library is imported for it."""
    code = f"""
import sys
from penchant.cli.main import main
sys.argv = ["penchant", "--help"]
try:
    main()
finally:
    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
    print([name for name in sys.modules if name.startswith("penchant.cli.")], file=sys.stderr)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0
    assert all(name in result.stdout for name in COMMANDS)
    assert result.stderr == "[]\n['penchant.cli.main']\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """Each command loads, and its help shows how it is called."""
    result = runner.invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output
    assert "Example" in result.output or "COMMAND [ARGS]" in result.output


@pytest.mark.parametrize("arguments", [["no-such-command"], ["settings", "--no-such-option"], ["settings", "extra"]])
def test_bad_usage_exits_with_2(arguments: list[str]) -> None:
    """A wrong call says so on stderr."""
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error" in result.stderr


def test_a_misspelt_command_gets_the_nearest_one() -> None:
    """As with settings."""
    assert "Did you mean 'settings'?" in runner.invoke(app, ["setings"]).stderr


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SettingInvalid("wrong", "mend it"), 2),
        (PlatformLacks("no libpython", "install it"), 2),
        (LineageMismatch("re-created", "raise lineage"), 1),
        (StoreUnavailable("Redis is away"), 1),
    ],
)
def test_expected_errors_are_messages(
    command: Callable[[Callable[[], None]], None], error: Exception, status: int
) -> None:
    """Message and remedy on stderr, no traceback, and the status that the kind of error has."""

    def fail() -> None:
        raise error

    command(fail)
    result = runner.invoke(app, ["trial"])
    assert (result.exit_code, result.stdout) == (status, "")
    assert result.stderr == f"penchant: {error}\n"


def test_errors_of_a_task_group_are_messages(command: Callable[[Callable[[], None]], None]) -> None:
    """A task group wraps what its tasks raise; each cause is told, and the gravest status counts."""

    async def fail(error: Exception) -> None:
        raise error

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail(StoreUnavailable("Redis is away")))
            tasks.create_task(fail(SettingInvalid("wrong")))

    command(lambda: asyncio.run(group()))
    result = runner.invoke(app, ["trial"])
    assert result.exit_code == 2
    assert result.stderr == "penchant: Redis is away\npenchant: wrong\n"


def test_a_bug_is_not_an_expected_error(command: Callable[[Callable[[], None]], None]) -> None:
    """What nobody expected keeps its traceback."""

    def fail() -> None:
        raise ZeroDivisionError

    command(fail)
    assert isinstance(runner.invoke(app, ["trial"]).exception, ZeroDivisionError | ExceptionGroup)


def test_debug_shows_the_traceback(command: Callable[[Callable[[], None]], None]) -> None:
    """--debug adds where an expected error was raised."""

    def fail() -> None:
        raise StoreUnavailable("Redis is away")

    command(fail)
    assert "Traceback" not in runner.invoke(app, ["trial"]).stderr
    result = runner.invoke(app, ["--debug", "trial"])
    assert "Traceback" in result.stderr
    assert result.stderr.endswith("penchant: Redis is away\n")
    assert result.exit_code == 1


def test_commands_of_commands(command: Callable[[object], None]) -> None:
    """A module may offer a typer.Typer with commands of its own."""
    group = typer.Typer()

    @group.command()
    def first() -> None:
        typer.echo("one")

    @group.command()
    def second() -> None:
        typer.echo("two")

    command(group)
    assert runner.invoke(app, ["trial", "second"]).output == "two\n"


def test_interrupt_exits_with_130_after_an_orderly_stop() -> None:
    """Ctrl-C ends the running command in order: it may close what it opened, then the status is 130."""
    code = """
import asyncio, signal, sys, types
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
from penchant.cli import main
async def run():
    print("running", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("closed", flush=True)
module = types.ModuleType("penchant.cli.trial")
module.trial = lambda: asyncio.run(run())
sys.modules["penchant.cli.trial"] = module
main.COMMANDS["trial"] = "Wait."
sys.argv = ["penchant", "trial"]
main.main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        try:
            assert process.stdout.readline() == "running\n"
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
            assert process.stdout.read() == "closed\n"
            assert "Traceback" not in process.stderr.read()
        finally:
            process.kill()


def test_settings_shows_values_and_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each, as in the file, with where it came from; passwords stay hidden."""
    Path("penchant.toml").write_text('[kafka]\ntopic = "clicks"')
    monkeypatch.setenv("PENCHANT_REDIS__URL", "redis://me:s3cret@cache:6379/0")
    monkeypatch.setenv("PENCHANT_MODEL__API_KEY", "s3cret")

    output = runner.invoke(app, ["settings"]).stdout

    assert 'kafka.topic = "clicks"  # penchant.toml' in output
    assert 'redis.url = "redis://(hidden)@cache:6379/0"  # PENCHANT_REDIS__URL' in output
    assert "model.api_key = (hidden)  # PENCHANT_MODEL__API_KEY" in output
    assert "lineage = 0  # default" in output
    assert "s3cret" not in output


def test_settings_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """--json is one object by full name, passwords hidden there too."""
    monkeypatch.setenv("PENCHANT_REDIS__URL", "redis://me:s3cret@cache:6379/0")
    monkeypatch.setenv("PENCHANT_MODEL__API_KEY", "s3cret")
    output = runner.invoke(app, ["settings", "--json"]).stdout
    report = json.loads(output)
    assert report["redis.pipeline"] == {"value": 128, "origin": "default"}
    assert report["model.api_key"]["value"] == "(hidden)"
    assert "s3cret" not in output


def test_wrong_settings_exit_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the message is the one that names them."""
    monkeypatch.setenv("PENCHANT_LOG__LEVEL", "loud")
    result = runner.invoke(app, ["settings"])
    assert result.exit_code == 2
    assert 'log.level = "loud" (PENCHANT_LOG__LEVEL)' in result.stderr
