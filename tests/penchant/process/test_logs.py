"""Logs: one line an event, libraries included, and nobody's shopping in them."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from penchant.process.logs import NOISY, PERSONAL, configure_logs
from streams.errors import DeadLetterLimit


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """As a terminal says."""
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is the process's: put back what was there."""
    root = logging.getLogger()
    handlers, level, levels = root.handlers[:], root.level, {name: logging.getLogger(name).level for name in NOISY}
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    """The JSON objects that were logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_where_nobody_looks() -> None:
    """Not on a terminal: one JSON object a line, with the event, its fields, level, logger and time."""
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.get_logger("penchant.worker").info("worker.started", partitions=12)
    (line,) = lines(stream)
    assert line["event"] == "worker.started"
    assert line["partitions"] == 12
    assert line["level"] == "info"
    assert line["logger"] == "penchant.worker"
    assert str(line["timestamp"]).endswith("Z")


def test_words_on_a_terminal() -> None:
    """On a terminal a person reads."""
    stream = Terminal()
    configure_logs(stream=stream)
    structlog.get_logger().info("worker.started", partitions=12)
    assert "worker.started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize(("form", "json_lines"), [("json", True), ("console", False)])
def test_the_format_can_be_chosen(form: str, json_lines: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A chosen format goes before the guess."""
    stream = Terminal() if json_lines else io.StringIO()
    configure_logs("info", form, stream)  # type: ignore[arg-type]
    structlog.get_logger().info("worker.started")
    assert stream.getvalue().startswith("{") == json_lines


def test_libraries_go_through_the_same_lines_and_only_warn() -> None:
    """Faust, aiokafka and the others are quiet below a warning, and look like our own above."""
    stream = io.StringIO()
    configure_logs("debug", "json", stream)
    for name in NOISY:
        logging.getLogger(f"{name}.part").info("chatter")
        logging.getLogger(f"{name}.part").warning("%s went away", "something")
    assert [line["event"] for line in lines(stream)] == ["something went away"] * len(NOISY)


def test_a_late_timer_is_said_once_a_minute() -> None:
    """However late it is each time; another timer, and another address, at once."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    timers, client = logging.getLogger("mode.timers"), logging.getLogger("aiokafka.conn")
    for late_s in (1.5, 2.25, 3e-07):
        timers.warning("Timer %s is overlapping (interval=%r runtime=%r)", "commit", 0.2, late_s)
    timers.warning("Timer %s is overlapping (interval=%r runtime=%r)", "livelock", 0.2, 1.5)
    for address in ("10.0.0.1:9092", "10.0.0.2:9092"):
        client.error("cannot reach %s", address)
    timer, other = (
        "Timer commit is overlapping (interval=0.2 runtime=1.5)",
        "Timer livelock is overlapping (interval=0.2 runtime=1.5)",
    )
    assert [line["event"] for line in lines(stream)] == [
        timer,
        other,
        "cannot reach 10.0.0.1:9092",
        "cannot reach 10.0.0.2:9092",
    ]


def test_a_library_repeats_itself_seldom() -> None:
    """The same line once a minute, other lines at once; our own lines always."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    noisy, ours = logging.getLogger("aiokafka.client"), logging.getLogger("penchant.part")
    for node in (1, 2, 1, 1):
        noisy.error("cannot reach node %s", node)
        ours.error("our own")
    later = noisy.makeRecord(noisy.name, logging.ERROR, "", 0, "cannot reach node %s", (1,), None)
    later.created += 61
    noisy.handle(later)
    seen = [line["event"] for line in lines(stream) if line["event"] != "our own"]
    assert seen == ["cannot reach node 1", "cannot reach node 2", "cannot reach node 1"]
    assert len(lines(stream)) == 3 + 4


def test_the_level_holds() -> None:
    """Less than the level is not shown; a later call replaces an earlier one."""
    first, second = io.StringIO(), io.StringIO()
    configure_logs("info", "json", first)
    log = structlog.get_logger()
    log.debug("not.shown")
    configure_logs("error", "json", second)
    log.warning("not.shown")
    log.error("shown")
    assert first.getvalue() == ""
    assert [line["event"] for line in lines(second)] == ["shown"]


@pytest.mark.parametrize("field", sorted(PERSONAL))
def test_only_debug_shows_who_and_what(field: str) -> None:
    """Shopper ids, prompts, titles and queries are hidden at info and above, ours and the libraries' alike."""
    stream = io.StringIO()
    configure_logs("debug", "json", stream)
    log = structlog.get_logger()
    log.debug("shown", **{field: "anna"})
    log.info("hidden", **{field: "anna"})
    log.warning("hidden", **{field: "anna"})
    with structlog.contextvars.bound_contextvars(**{field: "anna"}):
        log.error("hidden")
    assert [line[field] == "anna" for line in lines(stream)] == [True, False, False, False]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_local_variables(form: str) -> None:
    """Local variables hold shoppers and passwords."""
    stream = io.StringIO()
    configure_logs("info", form, stream)  # type: ignore[arg-type]
    told = "s3cret"
    try:
        fail(told)
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: 6" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def fail(password: str) -> None:
    """Raises with a secret among its local variables."""
    raise ValueError(len(password))


def test_an_expected_error_is_told_once() -> None:
    """What a library reports of an error of ours is left out, since the command line tells it; a bug is not."""
    stream = io.StringIO()
    configure_logs("info", "json", stream)
    for error in (DeadLetterLimit("too many"), ZeroDivisionError("a bug")):
        try:
            raise error
        except (DeadLetterLimit, ZeroDivisionError):
            logging.getLogger("faust.agents.actor").exception("Crashed")
    assert "too many" not in stream.getvalue()
    assert "a bug" in stream.getvalue()


def test_a_loop_that_reports_without_an_error_is_logged() -> None:
    """asyncio's own handler says `exc_info=False` where nothing was raised, as of a task that nobody awaited."""
    stream = io.StringIO()
    configure_logs(stream=stream)
    with asyncio.Runner() as runner:
        runner.get_loop().default_exception_handler({"message": "Task was destroyed but it is pending!"})
    (line,) = lines(stream)
    assert "Task was destroyed" in str(line["event"])
