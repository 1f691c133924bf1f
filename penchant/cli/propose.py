"""penchant products propose: values for the shop's vocabulary, from its catalogue; a person accepts them."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.options import ColumnsFile, Config, writable
from penchant.offline.products import propose as proposing
from penchant.offline.products.proposal_file import proposal_text
from penchant.offline.products.propose import Bounds, ModelAsked
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from streams.errors import SettingInvalid

Catalogue = Annotated[
    Path | None, typer.Option("--in", metavar="FILE", exists=True, help="CSV, JSON lines or Parquet.")
]
Out = Annotated[Path, typer.Option(metavar="FILE", callback=writable, help="The proposal to write, as TOML.")]
Accept = Annotated[
    Path | None, typer.Option(metavar="FILE", exists=True, help="Merge an edited proposal into prompt.folder.")
]
Folder = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Merge it there instead; made where it is not.")]
Sample = Annotated[int, typer.Option(min=10, max=50_000, help="Products to look at, spread over the catalogue.")]
Least = Annotated[int, typer.Option(min=2, help="Products of the sample that must have a value.")]
Most = Annotated[int, typer.Option(min=1, max=1_000, help="Values to propose.")]
Model = Annotated[
    bool, typer.Option("--model", help="Have the model of use case products name attributes of words without one.")
]
ModelUrl = Annotated[str | None, typer.Option(metavar="URL", help="The same, by a model server.")]


def propose(
    *,
    catalogue: Catalogue = None,
    columns: ColumnsFile = None,
    out: Out = Path("proposal.toml"),
    sample: Sample = 5_000,
    least: Least = 5,
    most: Most = 200,
    model: Model = False,
    model_url: ModelUrl = None,
    accept: Accept = None,
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Propose values that a catalogue has and the shop's vocabulary lacks. Nothing is in force until it is accepted.

    The file has, for each value, how many products have it and up to three quotes. Edit it, then accept it:
    vocabulary.toml is merged and its version raised. Traits of persons and unknown attributes are refused. Workers take
    it with a restart.

    Examples: penchant products propose --in catalogue.csv --out proposal.toml

    penchant products propose --accept proposal.toml --folder our-prompts
    """
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    if accept is not None:
        _accept(settings, accept, folder)
        return
    if catalogue is None:
        raise SettingInvalid("no catalogue is named", "add --in FILE, or --accept FILE for an edited proposal")
    asked = ModelAsked(model_url) if model or model_url else None
    found = asyncio.run(proposing.propose(settings, catalogue, columns, Bounds(sample, least, most), asked))
    try:
        out.write_text(proposal_text(found, settings.prompts.vocabulary), encoding="utf-8")
    except OSError as error:
        raise SettingInvalid(f"{out} cannot be written: {error.strerror}", "name another file with --out") from error
    named = sum(1 for each in found.values if each.attribute)
    typer.echo(f"{out}: {len(found.values):,} values proposed, {named:,} of them with an attribute")
    typer.echo(f"edit it, then: penchant products propose --accept {out}")


def _accept(settings: Settings, file: Path, folder: Path | None) -> None:
    path, vocabulary = proposing.accept(settings, file, folder)
    elsewhere = path.parent != settings.prompt.folder
    typer.echo(f"{path}: version {vocabulary.version}; workers take it with a restart")
    if elsewhere:
        typer.echo(f"set prompt.folder to {path.parent}: it is not in force yet")
