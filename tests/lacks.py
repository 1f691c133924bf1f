"""What a machine lacks for a test: a skip says so, and fails where CI=true; a recording that is not there leaves the
test out, and the run's closing lines name it."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

DATA = Path(os.environ.get("PENCHANT_TEST_DATA", ROOT.parent / "shared" / "data"))
"""Recordings that are not ours to pass on."""

LEFT_OUT = pytest.StashKey[list[str]]()


def needs(name: str) -> pytest.MarkDecorator:
    """A mark: the test is left out where DATA has no such file."""
    return pytest.mark.needs_data(name)


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark means."""
    config.addinivalue_line("markers", "needs_data(name): left out unless the folder PENCHANT_TEST_DATA has the file")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no recording."""
    lacking = {item: name for item in items for name in _needed(item) if not (DATA / name).exists()}
    config.stash[LEFT_OUT] = [f"{item.nodeid} (no {name})" for item, name in lacking.items()]
    config.hook.pytest_deselected(items=list(lacking))
    items[:] = [item for item in items if item not in lacking]


def _needed(item: pytest.Item) -> list[str]:
    return [str(mark.args[0]) for mark in item.iter_markers("needs_data")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing skips."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome, report.longrepr = "failed", f"{item.nodeid}: {report.longrepr}; in CI nothing skips"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a worker of xdist left out; every worker collects the same."""
    config: pytest.Config = getattr(node, "config")  # noqa: B009
    config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this worker of xdist what was left out."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left out, so that nobody takes silence for success."""
    left_out = terminalreporter.config.stash.get(LEFT_OUT, [])
    for line in left_out:
        terminalreporter.write_line(f"LEFT OUT {line}", yellow=True)
    if left_out:
        terminalreporter.write_line(f"{len(left_out)} TESTS LEFT OUT FOR WANT OF DATA IN {DATA}", red=True)
