"""Measuring: how every benchmark of `penchant bench` is run and shown."""

import asyncio
import io
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console

from penchant.process.logs import configure_logs

Say = Callable[[str], None]
Report = dict[str, Any]


def measured(
    measure: Callable[[Path, Say], Coroutine[Any, Any, Report]],
    show: Callable[[Console, Mapping[str, Any]], None],
    *,
    json: bool,
) -> None:
    """Measure and show. The table goes to stdout, or with --json to stderr; progress always to stderr."""
    aside, began_s = Console(stderr=True), time.monotonic()

    def say(line: str) -> None:
        aside.print(f"[{time.monotonic() - began_s:6.1f} s] {line}", style="dim", markup=False, highlight=False)

    configure_logs("error", stream=io.StringIO())  # servers come and go: libraries complain of each
    with tempfile.TemporaryDirectory(prefix="penchant-bench-") as folder:
        report = asyncio.run(measure(Path(folder), say))
    show(aside if json else Console(), report)
    if json:
        typer.echo(orjson.dumps(report))
