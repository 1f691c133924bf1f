"""penchant settings: what is in force, and where it came from."""

from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import typer

from penchant.cli.options import Config, Json
from penchant.settings.catalogue import Entry, catalogue
from penchant.settings.example import example as example_text
from penchant.settings.problems import shown
from penchant.settings.report import report
from penchant.settings.sources import Loaded, load_settings


def settings(
    *,
    config: Config = None,
    example: Annotated[bool, typer.Option("--example", help="Print the example file instead.")] = False,
    json: Json = False,
) -> None:
    """Show every setting in force and where it came from; secrets are hidden.

    Example: PENCHANT_KAFKA__TOPIC=clicks penchant settings --config my.toml
    """
    if example:
        typer.echo(example_text(), nl=False)
        return
    loaded = load_settings(config)
    if json:
        typer.echo(orjson.dumps(report(loaded), default=str))
        return
    for entry, value, origin in _rows(loaded):
        typer.echo(f"{entry.name} = {shown(entry, value)}  # {origin}")


def _rows(loaded: Loaded) -> Iterator[tuple[Entry, Any, str]]:
    for name, entry in catalogue().items():
        yield entry, entry.value(loaded.settings), loaded.origins[name]
