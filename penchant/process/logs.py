"""Logs: one event name and fields a line, on stderr; words on a terminal, JSON elsewhere.

Use `structlog.get_logger()` and `log.info("worker.started", partitions=12)`: an event name and fields, no sentences.
"""

import logging
import re
import sys
from collections.abc import Callable
from typing import Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.errors import PenchantError

Format = Literal["auto", "console", "json"]

NOISY = ("aiokafka", "asyncio", "faust", "grpc", "httpcore", "httpx", "kafka", "mode",
         "opentelemetry", "redis", "streams.kafka.consumer_thread", "streams.kafka.transport")  # fmt: skip
"""Libraries, and what is built on their classes, that tell more than an operator wants: only their warnings show."""

REPEAT_S = 60.0
MEASURED = re.compile(r"(?<![\d.])\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+)(?![\d.])")
"""A number with a fraction; no address."""
REMEMBERED = 1_000

PERSONAL = frozenset({"answer", "prompt", "query", "record", "shopper", "shopper_id", "shoppers", "title", "titles"})
"""Fields that name a shopper or hold what they typed or read; only debug shows them."""

HIDDEN = "(only at debug)"


def configure_logs(
    level: str = "info", form: Format = "auto", stream: TextIO | None = None, worker: int | None = None
) -> None:
    """Send everything to `stream` (stderr), ours through structlog and the libraries' through the same lines.

    Each line says which `worker` of several it is of, where there are several. Calling it again replaces what was set
    before.
    """
    stream = stream or sys.stderr
    common = _common(worker)
    people = form == "console" or (form == "auto" and stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processors=_rendering(people, stream.isatty()), foreign_pre_chain=common)
    )
    handler.addFilter(_untold)
    handler.addFilter(_unrepeated())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # loggers made at import follow a later call
    )


def hide_personal(_: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Above debug, who a shopper is and what they read stays out of the logs."""
    if method != "debug":
        for field in PERSONAL & event.keys():
            event[field] = HIDDEN
    return event


def _untold(record: logging.LogRecord) -> bool:
    """Leave out what libraries say of an error of ours: it ends the command, which tells it with its remedy."""
    raised = record.exc_info  # asyncio hands False where nothing was raised
    return not raised or not isinstance(raised[1], PenchantError)


def _unrepeated() -> Callable[[logging.LogRecord], bool]:
    """Show the same line of a library once in REPEAT_S: without Kafka, aiokafka says a hundred times a second so.

    Lines that differ in what was measured are the same: Faust says of each timer that is late by how much.
    """
    shown: dict[tuple[str, str], float] = {}

    def seldom(record: logging.LogRecord) -> bool:
        if not record.name.startswith(NOISY):
            return True
        line = record.name, MEASURED.sub("0", record.getMessage())
        if record.created - shown.get(line, -REPEAT_S) < REPEAT_S:
            return False
        if len(shown) >= REMEMBERED:
            shown.clear()
        shown[line] = record.created
        return True

    return seldom


def _common(worker: int | None) -> list[Processor]:
    def numbered(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event.setdefault("worker", worker)
        return event

    return [
        *([numbered] if worker is not None else []),
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_personal,
    ]


def _rendering(people: bool, color: bool) -> list[Processor]:  # noqa: FBT001 # private, called once
    drop_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if people:
        return [
            drop_meta,
            structlog.dev.ConsoleRenderer(colors=color, exception_formatter=structlog.dev.plain_traceback),
        ]
    return [drop_meta, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: EventDict, **_: object) -> str:
    return orjson.dumps(event, default=str).decode()
