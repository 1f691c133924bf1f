"""penchant doctor: what is wrong with an installation, or soon will be."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.findings import show_findings, silence_libraries
from penchant.cli.options import Config, Json
from penchant.operations.doctor.examination import checks_of, examine
from penchant.operations.doctor.findings import STATUS, worst
from penchant.operations.rights.roles import ROLES
from penchant.operations.support.bundle import as_json, pack
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

Role = Annotated[str, typer.Option(help=f"Whose rights to look for: {', '.join(ROLES)}.")]


Bundle = Annotated[
    Path | None, typer.Option("--bundle", metavar="FILE", help="Pack it as a zip, for whoever is asked for help.")
]
LogFile = Annotated[
    Path | None, typer.Option("--log-file", metavar="FILE", help="A worker's log, whose last lines the bundle takes.")
]


def doctor(
    *,
    role: Role = "worker",
    bundle: Bundle = None,
    log_file: LogFile = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Look at everything that a worker needs, change nothing, and say what to do about each finding.

    Connections, topics, keys, model servers and their tensors, Redis, clocks, rights, versions, and how settings fit
    together. Of another role than a worker's, the connections and rights alone.

    With --bundle it writes an archive of findings, settings and where they came from, versions, the fleet's status and
    metrics, and the last lines of --log-file: no secret is in it, and no line that names a shopper.

    Exit status: 0 all is well, 3 warnings only, 1 errors (a worker would not start, would stop, or lose something), 2
    invalid settings.

    Examples: penchant doctor

    penchant doctor --json

    penchant doctor --role reader

    penchant doctor --bundle support.zip --log-file worker.log
    """
    checks, loaded = checks_of(role), load_settings(config)
    configure_logs("error", loaded.settings.log.format)
    silence_libraries()
    findings = asyncio.run(examine(loaded.settings, checks))
    if bundle is not None:
        names = asyncio.run(pack(bundle, loaded, findings, log_file))
        typer.echo(f"{bundle} holds {', '.join(names)}; look at it before you pass it on.", err=True)
    if json:
        told = [as_json(finding) for finding in findings]
        typer.echo(orjson.dumps({"worst": worst(findings).name.lower(), "findings": told}))
    else:
        show_findings(findings)
    raise typer.Exit(STATUS[worst(findings)])
