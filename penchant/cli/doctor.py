"""penchant doctor: what is wrong with an installation, or soon will be."""

import asyncio
import logging

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.cli.options import Config, Json
from penchant.operations.doctor.examination import examine
from penchant.operations.doctor.findings import STATUS, Finding, Severity, worst
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

STYLES = {Severity.INFO: "dim", Severity.WARNING: "yellow", Severity.ERROR: "bold red"}


def doctor(*, config: Config = None, json: Json = False) -> None:
    """Look at everything that a worker needs, change nothing, and say what to do about each finding.

    Connections, topics, keys, model servers and their tensors, Redis, clocks, versions, and how settings fit together.

    Exit status: 0 all is well, 3 warnings only, 1 errors (a worker would not start, would stop, or lose something), 2
    invalid settings.

    Examples: penchant doctor

    penchant doctor --json
    """
    settings = load_settings(config).settings
    configure_logs("error", settings.log.format)
    for library in ("aiokafka", "httpx"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # what they tell, findings tell once
    findings = asyncio.run(examine(settings))
    if json:
        told = [_as_json(finding) for finding in findings]
        typer.echo(orjson.dumps({"worst": worst(findings).name.lower(), "findings": told}))
    else:
        Console().print(_table(findings))
    raise typer.Exit(STATUS[worst(findings)])


def _as_json(finding: Finding) -> dict[str, str]:
    severity = finding.severity.name.lower()
    return {"subject": finding.subject, "severity": severity, "found": finding.found, "remedy": finding.remedy}


def _table(findings: list[Finding]) -> Table:
    """The worst first; within a severity as they were found."""
    table = Table("", "subject", "found, and what to do", box=None, pad_edge=False)
    for finding in sorted(findings, key=lambda finding: -finding.severity):
        style = STYLES[finding.severity]
        told = Text(finding.found)
        if finding.remedy:
            told.append(f"\n-> {finding.remedy}", "dim")
        table.add_row(Text(finding.severity.name.lower(), style), Text(finding.subject), told)
    return table
