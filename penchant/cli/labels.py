"""penchant labels: what people say of pairs of intents and of matches' reasons: how far they are, and files."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from penchant.cli.options import Json
from penchant.offline.labels import label_studio
from penchant.offline.labels.folder import LabelFolder
from penchant.offline.labels.pairs import agreed
from penchant.offline.labels.people import progress
from streams.errors import SettingInvalid

labels = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Count, write out and take in what people say of pairs of intents, and of matches' reasons; the console's "
    "page has them label.\n\n"
    "Example: penchant labels show run/eval",
)

Folder = Annotated[
    Path,
    typer.Argument(metavar="FOLDER", exists=True, file_okay=False, help="That `eval --report` wrote."),
]
Form = Annotated[
    Literal["eval", "label-studio", "label-studio-config"],
    typer.Option("--to", help="Labels for `eval --labels`, tasks, or the labelling interface for a project."),
]
Export = Annotated[Path, typer.Argument(metavar="FILE", exists=True, help="A project's export, as JSON.")]


@labels.command()
def show(folder: Folder, *, json: Json = False) -> None:
    """Show how many pairs two people labelled, who is right on gold pairs, and how far people agree (Cohen's kappa).

    Example: penchant labels show run/eval --json
    """
    held = LabelFolder(folder)
    pairs = held.pairs()
    found = progress(pairs, held.labels(pairs))
    if json:
        typer.echo(orjson.dumps(asdict(found)))
        return
    typer.echo(f"{found.decided:,} of {found.pairs:,} cases were labelled by two people or more")
    if found.reasons:
        said = ", ".join(f"{count:,} {answer}" for answer, count in found.reasons.items())
        typer.echo(f"reasons of matches, as two people or more say: {said}")
    for each in found.labellers:
        gold = f"; {each.right} of {each.gold} gold pairs right" if each.gold else ""
        typer.echo(f"{each.who or 'somebody'}: {each.labels:,} labels{gold}")
    for both in found.agreements:
        typer.echo(f"{both.one or 'somebody'} and {both.other}: kappa {both.kappa:.2f} on {both.pairs:,} {both.kind}")


@labels.command()
def export(folder: Folder, *, to: Form = "eval") -> None:
    """Write to stdout what two people or more say of each pair, one line each, or tasks for Label Studio.

    Example: penchant labels export run/eval > labels.jsonl
    """
    held = LabelFolder(folder)
    if to == "label-studio-config":
        typer.echo(label_studio.CONFIG, nl=False)
    elif to == "label-studio":
        typer.echo(orjson.dumps(label_studio.tasks(held.pairs().values())))
    else:
        pairs = held.pairs()
        for pair, winner in agreed(pairs, held.labels(pairs)).items():
            typer.echo(orjson.dumps({"pair": pair, "winner": winner}))


@labels.command("import")
def import_(folder: Folder, file: Export) -> None:
    """Add what people said in Label Studio to the folder.

    Example: penchant labels import run/eval project-1.json
    """
    held = LabelFolder(folder)
    try:
        found = label_studio.imported(orjson.loads(file.read_bytes()), held.pairs())
    except (OSError, orjson.JSONDecodeError) as exc:
        raise SettingInvalid(f"{file} is no JSON: {exc}", label_studio.REMEDY) from exc
    held.add(found)
    typer.echo(f"{len(found):,} labels were added")
