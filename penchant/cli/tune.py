"""penchant tune: which settings reach a target at the least cost, on recorded events."""

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from penchant.cli.options import RECORDED, Config, Json, console, writable
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.reading import Sample
from penchant.offline.estimate.rehearsed import rehearsed
from penchant.offline.estimate.trace import Trace
from penchant.offline.facts import cores
from penchant.offline.tune.knobs import Machines, start
from penchant.offline.tune.page import page
from penchant.offline.tune.profile_file import profile_text
from penchant.offline.tune.report import engine_report, report_of, verdict
from penchant.offline.tune.run import Answer, Judged, TunePlan
from penchant.offline.tune.run import tune as search
from penchant.offline.tune.search import SearchPlan
from penchant.offline.tune.target import Target, target
from penchant.offline.whatif.arrivals import recorded
from penchant.offline.whatif.reading import read
from penchant.offline.whatif.variant import NAMED, Variant, variant
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

NOT_MET = 3
NEEDED, RENTED = "dollars_needed", "dollars_rented"
"""What is to be least: of the GPU seconds that are needed, or, where the number of GPUs is chosen, of their rent."""
READABLE = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
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
Gpus = Annotated[
    str | None,
    typer.Option(
        "--gpus", metavar="N or N-M", help="GPUs, in place of the endpoints of the settings; how many is chosen."
    ),
]
On = Annotated[
    list[str] | None,
    typer.Option(
        "--on", metavar="TIMING=DOLLARS", help="A GPU to choose from, with the price of its hour; may be given again."
    ),
]
PerHour = Annotated[float, typer.Option(min=0, help="Dollars of a GPU hour, where an endpoint has no price.")]
Tries = Annotated[int, typer.Option(min=2, max=256, help="How many settings to try.")]
Seed = Annotated[int, typer.Option(help="Where the dice start that choose settings and groups of shoppers.")]
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile", metavar="FILE", dir_okay=False, callback=writable, help="Write what was chosen as a profile."
    ),
]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", callback=writable, help="Write what was tried as a page, too.")
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        callback=writable,
        help="Write the calls of what was chosen, as JSONL in Mooncake's format.",
    ),
]
EngineFile = Annotated[
    Path | None,
    typer.Option(
        "--engine",
        metavar="FILE",
        callback=writable,
        help="Write what the engine's own settings should be, as JSON: simulated.",
    ),
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
    on: On = None,
    per_hour: PerHour = 4.0,
    tries: Tries = 24,
    seed: Seed = 1,
    profile: ProfileFile = None,
    html: Html = None,
    trace: TraceFile = None,
    engine: EngineFile = None,
    most: Most = 1_000_000,
    played: Played = 40_000,
    jobs: Jobs = CORES,
    config: Config = None,
    json: Json = False,
) -> None:
    """Find the settings of triggers, calls and history, and with --gpus 2-8 and --on the GPUs, that reach a target at
    the least cost, in virtual time.

    Optuna proposes settings, which are tried on half of the shoppers. The cheapest is taken that holds the target on
    other days too, which are drawn by chance out of the other half: in 39 of 40 cases, with a margin that is told.
    Beside it stand the settings in force, with 95 % intervals. Nothing is changed; --profile writes a file for the
    setting `profile`. Exit status: 0 the target is held, 3 it is not.

    Examples: penchant tune --target "in_time_for_next>=0.9" --html tune.html

    penchant tune --events 2019-Oct.csv.gz --target "freshness_p95_s<=8" --profile ours.toml --json

    penchant tune --gpus 1-8 --on qwen3-32b-fp8@h100=4 --on qwen3-32b-fp8@l40s=1.8 --engine engine.json
    """
    goal, settings = target(wanted), load_settings(config, {"kafka.topic": topic} if topic else {}).settings
    configure_logs("error", settings.log.format)
    machines = Machines(_span(gpus), _prices(on))
    make = partial(_variant, config, machines)
    sample = read(settings, events, minutes, most)
    recording = recorded(sample.events, settings.session, played)
    screen = Console(stderr=True)
    screen.print(f"{len(recording.arrivals):,} events in {recording.seconds:,.0f} s", highlight=False)
    looked_for = SearchPlan(goal, RENTED if machines.varied else NEEDED, machines, tries, seed)
    plan = TunePlan(looked_for, make, per_hour, jobs, bool(engine))
    answer = asyncio.run(search(recording, plan, lambda line: screen.print(line, highlight=False)))
    chosen = make(answer.chosen.words)
    report = report_of(answer, plan, f"{events or settings.kafka.topic}: {len(recording.arrivals):,} events")
    if profile:
        why = f"penchant tune --target {goal} --seed {seed}"
        profile.write_text(profile_text(chosen.settings, make("").settings, why), encoding="utf-8")
    if html:
        html.write_text(page(report), encoding="utf-8")
    if engine:
        engine.write_bytes(orjson.dumps(engine_report(answer, chosen), option=READABLE))
    if trace:
        _trace(trace, sample, chosen)
    _tell(answer, report, goal, json=json)


def _tell(answer: Answer, report: Mapping[str, Any], goal: Target, *, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps(report))
    else:
        _show(answer, report, goal)
    raise typer.Exit(0 if answer.met else NOT_MET)


def _span(text: str | None) -> tuple[int, int] | None:
    """How many GPUs: a number, or from one to another."""
    if text is None:
        return None
    first, dash, last = text.partition("-")
    if first.isdigit() and (last.isdigit() if dash else not last) and 1 <= int(first) <= int(last or first):
        return int(first), int(last or first)
    raise typer.BadParameter(f"{text} is no number of GPUs, such as 4 or 2-8", param_hint="--gpus")


def _prices(given: list[str] | None) -> Mapping[str, float] | None:
    """The timings to choose from, each with the dollars of its hour."""
    prices = {}
    for word in given or ():
        name, _, dollars = word.rpartition("=")
        try:
            prices[name] = float(dollars)
        except ValueError:
            raise typer.BadParameter(f"{word} is not TIMING=DOLLARS", param_hint="--on") from None
        if name not in NAMED:
            raise typer.BadParameter(f"{name} is none of {', '.join(NAMED)}", param_hint="--on")
    return prices or None


def _variant(config: Path | None, machines: Machines, words: str) -> Variant:
    """What the settings in force are: on the most GPUs of the first timing, as all that is tried first."""
    return variant(words or start(words, machines), lambda given: _load(config, given), words)


def _load(config: Path | None, given: Mapping[str, object]) -> Settings:
    return load_settings(config, given).settings


def _trace(file: Path, sample: Sample, chosen: Variant) -> None:
    lines = Trace(chosen.answer_tokens)
    with file.open("wb") as out:
        rates = Rates(output_tokens=chosen.answer_tokens)
        rehearsed(sample, chosen.settings, rates, lambda at_s, prompt: out.write(lines.line(at_s, prompt)))


def _show(answer: Answer, report: Mapping[str, Any], goal: Target) -> None:
    table = Table("", goal.name, "dollars", "calls an event", box=None, pad_edge=False)
    table.add_row("in force", *_row(answer.in_force))
    table.add_row("chosen", *_row(answer.chosen))
    console().print(table)
    front = Table("dollars", "in time", "freshness p95", "on the front", box=None, pad_edge=False)
    for each in report["points"]:
        if each["best"]:
            front.add_row(
                f"{each['dollars']:,.4g}",
                f"{each['in_time']:.1%}",
                f"{each['freshness_s']:.2f} s",
                each["words"] or "in force",
            )
    console().print(front)
    saved = answer.saved
    typer.echo(f"saved: {saved.mean:.1%} ({saved.low:.1%} to {saved.high:.1%})")
    typer.echo(f"chosen: {answer.chosen.words or 'the settings in force'}")
    typer.echo(verdict(report))


def _row(judged: Judged) -> list[str]:
    return [
        f"{each.mean:,.4g} ({each.low:,.4g} to {each.high:,.4g})"
        for each in (judged.measure, judged.dollars, judged.calls_per_event)
    ]
