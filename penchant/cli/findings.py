"""Findings on a terminal, in colours by severity."""

import logging
import sys
from collections.abc import Sequence
from shutil import get_terminal_size

import typer

from penchant.operations.doctor.findings import Finding, Severity
from penchant.operations.doctor.lines import lines

COLOURS = {Severity.INFO: None, Severity.WARNING: "yellow", Severity.ERROR: "red"}


def show_findings(findings: Sequence[Finding]) -> None:
    """A line each, as wide as the terminal."""
    columns = get_terminal_size().columns if sys.stdout.isatty() else None
    for severity, line in lines(findings, columns):
        typer.secho(line, fg=COLOURS[severity])


def silence_libraries() -> None:
    """What the clients of Kafka and HTTP tell, findings tell once."""
    for library in ("aiokafka", "httpx"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
