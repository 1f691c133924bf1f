"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings file; else PENCHANT_CONFIG names it, else penchant.toml here if there is one.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, last; all else goes to stderr.")]
