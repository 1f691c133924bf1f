"""penchant prompts: the templates that may be asked with, whether a folder of them is right, and how two differ."""

from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.options import Config, Json
from penchant.settings.prompts import prompt_library
from penchant.settings.sources import load_settings
from penchant.worker.tokenizer import tokenizer
from prompts.library import PromptLibrary
from prompts.render import PromptRenderer
from prompts.tokens import Count, estimate

prompts = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Look at the prompt templates and the vocabulary, the packaged ones and your own.\n\n"
    "Example: penchant prompts list",
)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="Of templates.")]
Named = Annotated[str, typer.Argument(metavar="NAME", help="A template.")]


@prompts.command("list")
def list_(*, config: Config = None, json: Json = False) -> None:
    """Show every template by name, with the version that intents name, the tokens of its fixed text, and its examples.

    Example: penchant prompts list --json
    """
    settings = load_settings(config).settings
    _show(settings.prompts, tokenizer(settings.prompt.tokenizer), used=settings.prompt.version, json=json)


@prompts.command()
def check(folder: Folder, *, json: Json = False) -> None:
    """Check a folder as the start does, before prompt.folder names it. Exit status 2, and what is wrong, if it is.

    Example: penchant prompts check our-prompts
    """
    _show(prompt_library(folder), estimate, used="", json=json)


@prompts.command()
def diff(before: Named, after: Named, *, config: Config = None) -> None:
    """Show how one template differs from another, line by line, with the vocabulary filled in.

    Example: penchant prompts diff v1 v2
    """
    library = load_settings(config).settings.prompts
    typer.echo(library.diff(before, after) or "They are the same.")


def _show(library: PromptLibrary, count: Count, used: str, *, json: bool) -> None:
    rows = []
    for name in library.names:
        template = library.template(name)
        tokens = PromptRenderer(name, library, count=count).fixed_tokens
        rows.append(
            {
                "name": name,
                "version": template.version,
                "fixed_tokens": tokens,
                "examples": len(template.examples),
                "products": template.describes,
                "in_force": name == used,
            }
        )
    vocabulary = library.vocabulary
    words = {
        "missions": vocabulary.labels,
        "attributes": tuple(vocabulary.attributes),
        "signals": tuple(vocabulary.signals),
    }
    if json:
        typer.echo(orjson.dumps({"prompts": rows, **words}))
        return
    table = Table(*(column.replace("_", " ") for column in rows[0]))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    for kind, names in words.items():
        typer.echo(f"{kind}: {', '.join(names) or 'none'}")
