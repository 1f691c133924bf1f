"""penchant experiments: how arms did on all workers, and what operators decide on an experiment."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import orjson
import typer

from agents.experiments.lift import Lift
from penchant.cli.options import Config, Json, Who, Why, instant, login
from penchant.operations.control import decide, fleet_status
from penchant.operations.experiments import ArmView, ExperimentView
from penchant.settings.sources import load_settings
from storage.fleet import ExperimentDecision
from streams.errors import SettingInvalid

ROW = "  {:<20} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}  {}"
HEAD = ROW.format("arm", "percent", "calls", "errors", "invalid", "empty", "p95 s", "").rstrip()

Name = Annotated[str, typer.Argument(metavar="NAME", help="An experiment of the settings.")]

experiments = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="See how the arms of experiments did on all workers, and decide on an experiment.\n\n"
    "Example: penchant experiments list",
)


@experiments.command("list")
def list_all(*, config: Config = None, json: Json = False) -> None:
    """Show each experiment: whether it is in force, and how its arms did in the last hour, on all workers.

    For an experiment that was rolled back, the figures are those of the hour before.

    Example: penchant experiments list --json
    """
    _print(asyncio.run(fleet_status(load_settings(config).settings)).experiments, json=json)


@experiments.command()
def show(name: Name, *, config: Config = None, json: Json = False) -> None:
    """Show one experiment: its state, who decided it, when and why, and how its arms did.

    Example: penchant experiments show new-model
    """
    every = asyncio.run(fleet_status(load_settings(config).settings)).experiments
    views = [each for each in every if each.name == name]
    if not views:
        names = ", ".join(each.name for each in every) or "none"
        raise SettingInvalid(f"{name}: no experiment of this name is in the settings", f"name one of: {names}")
    _print(views, json=json)


@experiments.command()
def rollback(name: Name, *, why: Why = "", who: Who = None, config: Config = None, json: Json = False) -> None:
    """Roll an experiment back on all workers, within two seconds. It stays so until `penchant experiments resume`.

    Example: penchant experiments rollback new-model --why "complaints"
    """
    _decide(name, "back", who, why, config, json=json)


@experiments.command()
def resume(name: Name, *, why: Why = "", who: Who = None, config: Config = None, json: Json = False) -> None:
    """Put an experiment in force again on all workers after it was rolled back. Its counts begin anew.

    Example: penchant experiments resume new-model --why "the tokenizer is mended" --json
    """
    _decide(name, "forward", who, why, config, json=json)


def _decide(
    name: str, state: Literal["forward", "back"], who: str | None, why: str, config: Any, *, json: bool
) -> None:
    settings = load_settings(config).settings
    stands = asyncio.run(decide(settings, name, ExperimentDecision(0, state, who or login(), why, 0)))
    if json:
        typer.echo(orjson.dumps({"experiment": name} | asdict(stands)))
    else:
        typer.echo(f"{name}: {_state(stands)}")


def _print(views: Sequence[ExperimentView], *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps({"experiments": report(views)}))
        return
    for line in lines(views):
        typer.echo(line)


def lines(views: Sequence[ExperimentView]) -> Iterator[str]:
    """Each experiment as lines for a terminal: its state, then a row an arm."""
    if not views:
        yield "no experiments are in the settings"
    for each in views:
        yield ""
        yield f"{each.name}: {_state(each.decision)}"
        if each.decision.state == "back":
            yield f"  it stays so until: penchant experiments resume {each.name}"
        if each.changed:
            yield "  its arms were others when that was decided"
        yield HEAD
        yield from (_row(arm) for arm in each.arms)
        yield from _sessions(each.arms)


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


def _sessions(arms: Sequence[ArmView]) -> Iterator[str]:
    """What became of the sessions of each arm beside the control's, and of what their shoppers were shown."""
    for arm in arms[:-1]:
        if arm.skewed:
            yield f"  {arm.name}: its sessions are not the share that was set: believe no lift until that is explained"
        for lift in arm.lifts:
            change = f"{lift.relative:+.1%} (95 %: {lift.low:+.1%} to {lift.high:+.1%})"
            seen = "" if lift.sure else f"; from {lift.least:.1%} on it could be told from none by now"
            unit = "impressions" if lift.outcome == "clicked_through" else "sessions"
            yield f"  {arm.name}: {lift.outcome} {_average(lift, lift.average)} {lift.of:,} {unit},"
            yield f"    control {_average(lift, lift.control_average)} {lift.control_of:,}: {change}{seen}"
    for arm in arms:
        if (shown := arm.conversions).impressions:
            opened = f"{_share(shown.products_opened, shown.products_shown)} of {shown.products_shown:,} products"
            place = shown.positions_opened / shown.products_opened if shown.products_opened else 0.0
            where = f", at position {place:.1f} on average" if place else ""
            used = _share(shown.intents_used, shown.impressions)
            yield f"  {arm.name}: {opened} shown were opened{where}; an intent was used in {used} of the impressions"


def _average(lift: Lift, average: float) -> str:
    return f"{average:,.2f} in each of" if lift.outcome == "value" else f"{average:.2%} of"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _state(decision: ExperimentDecision) -> str:
    word = "in force" if decision.state == "forward" else "rolled back"
    if not decision.serial:
        return word
    return f"{word} since {instant(decision.at_ms)}, by {decision.who}{f': {decision.why}' if decision.why else ''}"


def report(views: Sequence[ExperimentView]) -> list[dict[str, Any]]:
    """The same for --json: each experiment with its arms and counts."""
    return [_experiment(each) for each in views]


def _experiment(each: ExperimentView) -> dict[str, Any]:
    arms = [
        {"name": arm.name, "kind": arm.kind, "percent": arm.percent, "calls": arm.counts.attempts}
        | {name: value for name, value in asdict(arm.counts).items() if name != "latency"}
        | {"answered": arm.counts.answered, "p95_s": arm.counts.p95_s, "skewed": arm.skewed}
        | arm.conversions._asdict()
        | {"lifts": [asdict(lift) | {"sure": lift.sure} for lift in arm.lifts]}
        | {"guardrails": [each._asdict() for each in arm.standings]}
        for arm in each.arms
    ]
    return {"name": each.name, "changed": each.changed} | asdict(each.decision) | {"arms": arms}
