"""The group of `penchant bench`, and the options that its commands share."""

from pathlib import Path
from typing import Annotated

import typer

Quick = Annotated[bool, typer.Option("--quick", help="A rougher answer, within 45 seconds once all is installed.")]
Plots = Annotated[Path | None, typer.Option("--plots", help="A folder for pictures (SVG); needs matplotlib.")]

bench = typer.Typer(
    help="Measure on this machine: ratios and intervals from interleaved rounds, with machine, versions and commit.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
