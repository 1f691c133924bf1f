"""penchant tune: which settings reach a target at the least cost, on recorded events."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.options import RECORDED, Config, Json, console
from penchant.offline.facts import cores
from penchant.offline.tune.profile_file import profile_text
from penchant.offline.tune.run import Answer, Judged, TunePlan
from penchant.offline.tune.run import tune as search
from penchant.offline.tune.target import Target, target
from penchant.offline.whatif.arrivals import recorded
from penchant.offline.whatif.reading import read
from penchant.offline.whatif.variant import Variant, variant
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

NOT_MET = 3
DAY_MINUTES = 1_440.0
CORES = len(cores())

Wanted = Annotated[
    str, typer.Option("--target", metavar="MEASURE>=VALUE", help="What must be reached, by a figure of whatif.")
]
Events = Annotated[
    Path | None, typer.Option("--events", metavar="FILE", exists=True, dir_okay=False, help=f"A recording: {RECORDED}")
]
Minutes = Annotated[float, typer.Option(min=0.01, help="How much of the topic's end, or of a file's beginning.")]
Topic = Annotated[str | None, typer.Option("--topic", help="Any topic.", show_default="kafka.topic")]
Gpus = Annotated[int | None, typer.Option(min=1, help="GPUs, in place of the endpoints of the settings.")]
PerHour = Annotated[float, typer.Option(min=0, help="Dollars of a GPU hour, where an endpoint has no price.")]
Tries = Annotated[int, typer.Option(min=2, max=256, help="How many settings to try.")]
Seed = Annotated[int, typer.Option(help="Where the dice start that choose settings and groups of shoppers.")]
ProfileFile = Annotated[
    Path | None, typer.Option("--profile", metavar="FILE", dir_okay=False, help="Write what was chosen as a profile.")
]
Most = Annotated[int, typer.Option(min=100, help="The most records to read; their events are held in memory.")]
Played = Annotated[int, typer.Option(min=100, help="Of more events, those of every n-th shopper are played.")]
Jobs = Annotated[int, typer.Option(min=1, help="Processes at once.", show_default="the cores")]


def tune(
    *,
    wanted: Wanted = "in_time_for_next>=0.95",
    events: Events = None,
    minutes: Minutes = DAY_MINUTES,
    topic: Topic = None,
    gpus: Gpus = None,
    per_hour: PerHour = 4.0,
    tries: Tries = 16,
    seed: Seed = 1,
    profile: ProfileFile = None,
    most: Most = 1_000_000,
    played: Played = 40_000,
    jobs: Jobs = CORES,
    config: Config = None,
    json: Json = False,
) -> None:
    """Find the settings of the triggers that reach a target at the least GPU time, in virtual time.

    Settings are chosen on half of the shoppers, the better half of them at each of four steps, and judged on the other
    half beside the settings in force: with 95 % intervals. Nothing is changed; --profile writes a file for the setting
    `profile`. Exit status: 0 the target is reached, 3 it is not, by all of the interval.

    Examples: penchant tune --target "in_time_for_next>=0.9"

    penchant tune --events 2019-Oct.csv.gz --target "freshness_p95_s<=8" --profile ours.toml --json
    """
    goal, settings = target(wanted), load_settings(config, {"kafka.topic": topic} if topic else {}).settings
    configure_logs("error", settings.log.format)
    make = partial(_variant, config, gpus)
    recording = recorded(read(settings, events, minutes, most).events, settings.session, played)
    screen = Console(stderr=True)
    screen.print(f"{len(recording.arrivals):,} events in {recording.seconds:,.0f} s", highlight=False)
    plan = TunePlan(goal, make, per_hour, tries, seed, jobs)
    answer = asyncio.run(search(recording, plan, lambda line: screen.print(line, highlight=False)))
    if profile:
        why = f"penchant tune --target {goal} --seed {seed}"
        text = profile_text(make(answer.chosen.words).settings, make("").settings, why)
        profile.write_text(text, encoding="utf-8")
    _tell(answer, goal, seed, json=json)


def _tell(answer: Answer, goal: Target, seed: int, *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps(_report(answer, goal, seed)))
    else:
        _show(answer, goal)
    raise typer.Exit(0 if answer.met else NOT_MET)


def _variant(config: Path | None, gpus: int | None, words: str) -> Variant:
    return variant((f"gpus={gpus} " if gpus else "") + words, lambda given: _load(config, given), words)


def _load(config: Path | None, given: Mapping[str, object]) -> Settings:
    return load_settings(config, given).settings


def _report(answer: Answer, goal: Target, seed: int) -> Mapping[str, object]:
    tried = [{"words": each.words, "groups": len(each.found), "measure": each.mean(goal.name)} for each in answer.tried]
    chosen, in_force, saved = asdict(answer.chosen), asdict(answer.in_force), asdict(answer.saved)
    return {"target": str(goal), "seed": seed, "met": answer.met, "chosen": chosen, "in_force": in_force} | {
        "saved": saved,
        "tried": tried,
    }


def _show(answer: Answer, goal: Target) -> None:
    table = Table("", goal.name, "dollars", "calls an event", box=None, pad_edge=False)
    table.add_row("in force", *_row(answer.in_force))
    table.add_row("chosen", *_row(answer.chosen))
    console().print(table)
    saved = answer.saved
    typer.echo(f"saved: {saved.mean:.1%} ({saved.low:.1%} to {saved.high:.1%})")
    typer.echo(f"chosen: {answer.chosen.words or 'the settings in force'}")
    typer.echo(f"{goal} is {'' if answer.met else 'not '}reached by all of the interval")


def _row(judged: Judged) -> list[str]:
    return [
        f"{each.mean:,.4g} ({each.low:,.4g} to {each.high:,.4g})"
        for each in (judged.measure, judged.dollars, judged.calls_per_event)
    ]
