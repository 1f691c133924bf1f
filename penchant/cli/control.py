"""penchant control: what a fleet of workers does, and what operators decide for all of it."""

import asyncio
import getpass
import socket
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.options import Config, Json
from penchant.operations.control import ArmView, ExperimentView, FleetView, decide
from penchant.operations.control import status as experiments
from penchant.operations.fleet import Fleet, fleet, put_back, throw
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from storage.control import Standing

ROW = "  {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}"
COLUMNS = ("worker", "version", "prompt", "partitions", "lag", "owed", "calls", "p95 s", "loop ms", "away")
HEAD = ROW.format("arm", "percent", "calls", "errors", "invalid", "empty", "p95 s", "").rstrip()

Switch = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="rules-only, freeze-writes, pause, prompt-version, calls-per-second or share-replay.",
    ),
]
Who = Annotated[
    str | None, typer.Option("--who", metavar="NAME", help="Who decides.", show_default="your login and host")
]

control = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="See what a fleet of workers does, and decide for all of it at once; workers follow within two seconds.\n\n"
    "Example: penchant control status",
)


@control.command()
def status(*, config: Config = None, json: Json = False) -> None:
    """Show the workers that are alive with their partitions, lag, backlog, limits and versions; the switches that were
    thrown; and each experiment: whether it is in force, and how its arms did in the last hour, on all workers. Of one
    that was rolled back, how they did then.

    Example: penchant control status --json
    """
    found, workers = asyncio.run(_look(load_settings(config).settings))
    if json:
        switches = {name: asdict(thrown) for name, thrown in workers.switches.thrown.items()}
        typer.echo(orjson.dumps(_report(found) | {"fleet": workers.workers, "switches": switches}))
        return
    Console().print(_table(workers))
    for name, thrown in workers.switches.thrown.items():
        typer.echo(f"switch {name.replace('_', '-')}: {thrown.value}, {_at(thrown.at_ms)} by {thrown.who}")
    for line in _lines(found):
        typer.echo(line)


@control.command("set")
def set_switch(
    name: Switch,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Where the switch takes one.")] = "on",
    *,
    who: Who = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Throw a switch for all workers, which follow within two seconds. Who did it and when is kept.

    rules-only: no calls; the rules make all intents. freeze-writes: nothing is written, everything waits. pause: no
    more is read. prompt-version NAME. calls-per-second N: of the whole fleet. share-replay, 0 to 1: how much of its
    calls a replay may have in flight; 0 holds it.

    Examples: penchant control set rules-only

    penchant control set calls-per-second 200

    penchant control set share-replay 0.25
    """
    thrown = asyncio.run(throw(load_settings(config).settings, name, value, who or _login()))
    if json:
        typer.echo(orjson.dumps({"switch": name} | asdict(thrown)))
    else:
        typer.echo(f"{name}: {thrown.value}, by {thrown.who}; back with: penchant control clear {name}")


@control.command("clear")
def clear_switch(name: Switch, *, config: Config = None) -> None:
    """Put a switch back for all workers.

    Example: penchant control clear rules-only
    """
    asyncio.run(put_back(load_settings(config).settings, name))
    typer.echo(f"{name}: back")


@control.command()
def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An experiment of the settings.")],
    *,
    forward: Annotated[
        bool, typer.Option("--forward/--back", help="Put it in force, its counts beginning anew; or roll it back.")
    ],
    why: Annotated[str, typer.Option(help="A word for whoever looks at it later.")] = "",
    who: Who = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Roll an experiment back on all workers, or put it in force again after it was rolled back.

    Who decided, when and why is kept, and shown by penchant control status.

    Examples: penchant control experiment new-model --back --why "complaints"

    penchant control experiment new-model --forward --why "the tokenizer is mended" --json
    """
    settings = load_settings(config).settings
    wanted = Standing(0, "forward" if forward else "back", who or _login(), why, 0)
    stands = asyncio.run(decide(settings, name, wanted))
    if json:
        typer.echo(orjson.dumps({"experiment": name} | asdict(stands)))
    else:
        typer.echo(f"{name}: {_told(stands)}")


async def _look(settings: Settings) -> tuple[FleetView, Fleet]:
    return await experiments(settings), await fleet(settings)


def _table(found: Fleet) -> Table:
    table = Table(title=f"{len(found.workers)} workers are alive", title_justify="left", box=None)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in ("worker", "prompt", "away") else "right")
    for worker, told in sorted(found.workers.items()):
        lag = told["loop_lag_p99_ms"]
        fresh = told["freshness_p95_ms"]
        table.add_row(
            worker,
            told["version"],
            told["prompt"],
            str(len(told["partitions"])),
            f"{told['lag']:,}",
            f"{told['owed']:,}",
            f"{told['in_flight']}/{told['limit']}",
            "-" if fresh is None else f"{fresh / 1e3:.1f}",
            "-" if lag is None else f"{lag:.1f}",
            ", ".join(told["away"]),
        )
    return table


def _login() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = "somebody"
    return f"{name}@{socket.gethostname()}"


def _lines(found: FleetView) -> Iterator[str]:
    if not found.experiments:
        yield "no experiments are in the settings"
    for each in found.experiments:
        yield ""
        yield f"{each.name}: {_told(each.standing)}"
        if each.standing.state == "back":
            yield f"  it stays so until: penchant control experiment {each.name} --forward"
        if each.changed:
            yield "  its arms were others when that was decided"
        yield HEAD
        yield from (_row(arm) for arm in each.arms)


def _row(arm: ArmView) -> str:
    counts, words = arm.counts, "" if arm.kind == "live" else arm.kind
    if arm.kind == "shadow":
        words += f", {_share(counts.agreed, counts.valid)} agree, {counts.skipped} skipped"
    if arm.kind == "holdout":
        words += f", {counts.withheld} withheld"
    shares = (
        _share(counts.failed, counts.attempts),
        _share(counts.invalid, counts.answered),
        _share(counts.empty, counts.valid),
    )
    p95 = "-" if counts.p95_s is None else f"{counts.p95_s:.2f}"
    return ROW.format(arm.name, f"{arm.percent:.2f}", counts.attempts, *shares, p95, words).rstrip()


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _told(standing: Standing) -> str:
    word = "in force" if standing.state == "forward" else "rolled back"
    if not standing.serial:
        return word
    return f"{word} since {_at(standing.at_ms)}, by {standing.who}{f': {standing.why}' if standing.why else ''}"


def _at(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1e3, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _report(found: FleetView) -> dict[str, Any]:
    return {"workers": found.workers, "experiments": [_experiment(each) for each in found.experiments]}


def _experiment(each: ExperimentView) -> dict[str, Any]:
    arms = [
        {"name": arm.name, "kind": arm.kind, "percent": arm.percent, "calls": arm.counts.attempts}
        | {name: value for name, value in asdict(arm.counts).items() if name != "latency"}
        | {"answered": arm.counts.answered, "p95_s": arm.counts.p95_s}
        for arm in each.arms
    ]
    return {"name": each.name, "changed": each.changed} | asdict(each.standing) | {"arms": arms}
