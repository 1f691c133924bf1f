"""The options that several commands share, and how they show who and when."""

import getpass
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings file; else PENCHANT_CONFIG names it, else penchant.toml here if there is one.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, last; all else goes to stderr.")]

ColumnsFile = Annotated[
    Path | None,
    typer.Option("--columns", metavar="FILE", exists=True, help="What the catalogue's columns are called, as TOML."),
]
ProductsFile = Annotated[
    Path | None,
    typer.Option(
        "--products",
        metavar="FILE",
        exists=True,
        help="A catalogue: its categories may be named though nobody taught them.",
    ),
]

RECORDED = "in any dialect of docs/events.md, of RetailRocket or YooChoose; told by content, packed or not."
"""What a file of events may hold."""

Who = Annotated[
    str | None, typer.Option("--who", metavar="NAME", help="Who decides.", show_default="your login and host")
]

Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason; `penchant control log` repeats it.")]


def writable(path: Path | None) -> Path | None:
    """A file that is written at the end, where its folder is there: found out before hours of work. BadParameter."""
    if path is not None and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}: make it first")
    return path


def login() -> str:
    """Login and host of the person at this terminal."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = "somebody"
    return f"{name}@{socket.gethostname()}"


PIPED_COLUMNS = 160


def console() -> Console:
    """Where tables are shown: as wide as the terminal, and with room for every word where there is none."""
    return Console(width=None if sys.stdout.isatty() else PIPED_COLUMNS)


def instant(time_ms: int) -> str:
    """A time in Unix milliseconds as people read it."""
    return datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
