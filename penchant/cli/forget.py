"""penchant forget: erase shoppers, for good or until they opt in."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from penchant.cli.options import Config, Json, Who, Why, login
from penchant.operations.control import note_shoppers
from penchant.operations.forget import SLICE, Choice, Forgotten, Place, Receipt
from penchant.operations.forget import forget as erase
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

Shoppers = Annotated[list[str] | None, typer.Argument(metavar="SHOPPER...", help="Whom to forget.", show_default=False)]
File = Annotated[Path | None, typer.Option(metavar="FILE", exists=True, help="The same, one in a line.")]
OptOut = Annotated[bool, typer.Option("--opt-out", help="And keep it so: nothing of theirs counts until they opt in.")]
OptIn = Annotated[bool, typer.Option("--opt-in", help="End that: what they do from now on counts.")]


def forget(
    *,
    shoppers: Shoppers = None,
    file: File = None,
    opt_out: OptOut = False,
    opt_in: OptIn = False,
    who: Who = None,
    why: Why = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Erase shoppers: intent, session, kept answers, what is owed, calls under way, and every event up to now, however
    often it is read again, in every namespace and topic that Penchant ever wrote to. The receipt names each.

    What a shopper does afterwards begins anew. With --opt-out it counts for nothing either, until --opt-in.
    The activity log keeps who did it, and a hash in the place of the shopper. The erasure stands in
    kafka.erasure_topic, which is compacted: a Redis that was lost or rolled back is told again
    before it is served. Running it again does no harm, and goes on where it was cut short.

    It does not reach into the event topic and the dead-letter topic, which Kafka empties by their retention, and takes
    nothing out of learned counts, which do not say who taught them.

    Examples: penchant forget 541312140

    penchant forget --file erase-today.txt --json

    penchant forget --opt-out 541312140
    """
    if opt_out and opt_in:
        raise typer.BadParameter("choose one of --opt-out and --opt-in", param_hint="--opt-in")
    named = _named(shoppers, file)
    choice: Choice = "opt_out" if opt_out else "opt_in" if opt_in else "forget"
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    done = _run(settings, named, choice)
    asyncio.run(note_shoppers(settings, "erasure", choice, named, who or login(), why))
    _tell(done, json=json)


def _named(shoppers: Sequence[str] | None, file: Path | None) -> list[str]:
    named = [*(shoppers or []), *(file.read_text(encoding="utf-8").split() if file else [])]
    if not named:
        raise typer.BadParameter("name at least one shopper, or a --file", param_hint="SHOPPER")
    return list(dict.fromkeys(named))


def _run(settings: Settings, shoppers: Sequence[str], choice: Choice) -> Forgotten:
    """With a progress bar, where there is a terminal and much to do."""
    shown = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(
        *shown, console=console, transient=True, disable=len(shoppers) <= SLICE or not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=len(shoppers))
        return asyncio.run(erase(settings, shoppers, choice, lambda count: bar.update(task, completed=count)))


def _tell(done: Forgotten, *, json: bool) -> None:
    if json:
        report = {"erased": [asdict(receipt) for receipt in done.receipts]}
        typer.echo(orjson.dumps(report | {"done_before": done.done_before, "unchanged": done.unchanged}))
    else:
        _show(done)


def _show(done: Forgotten) -> None:
    if done.done_before:
        typer.echo(f"{done.done_before:,} were done by an earlier run of the same command")
    for receipt in done.receipts:
        typer.echo(_words(receipt))
    for shopper in done.unchanged:
        typer.echo(f"{shopper}: was not opted out")


def _words(receipt: Receipt) -> str:
    ends = " ".join(map(str, receipt.events_count_from))
    again = "nothing counts until --opt-in" if receipt.opted_out else f"events count from {ends}"
    lines = [f"{receipt.shopper}: erasure {receipt.number}", *(f"  {_place(place)}" for place in receipt.places)]
    return "\n".join(
        [
            *lines,
            f"  Kafka {receipt.erasure_topic} at {receipt.erasure_offset}: {again}",
            "  Workers: forget within about a second of reading it",
            "  Learned counts: nothing is taken out; no snapshot holds what fewer than twenty shoppers taught",
        ]
    )


def _place(place: Place) -> str:
    if place.store == "kafka":
        return f"Kafka {place.name}: a tombstone"
    kept = ", kept answers" if place.answers else ""
    return f"Redis {place.name}: {place.intents} intent, {place.contexts} context, {place.owed} owed{kept}"
