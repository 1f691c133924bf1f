"""penchant whatif: yesterday again, with other settings, in virtual time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.cli.options import RECORDED, Config, Json, console, writable
from penchant.offline.estimate.reading import Sample as Source
from penchant.offline.eval.subjects import at
from penchant.offline.facts import cores
from penchant.offline.whatif.arrivals import Recording, recorded
from penchant.offline.whatif.figures import MEANINGS, Figures, change
from penchant.offline.whatif.page import beside_words, page, words
from penchant.offline.whatif.reading import read
from penchant.offline.whatif.real_answers import REAL_MEANINGS, Beside, ask
from penchant.offline.whatif.run import Result, compare
from penchant.offline.whatif.variant import Variant, variant
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings

DAY_MINUTES = 1_440.0
CORES = len(cores())

Events = Annotated[
    Path | None, typer.Option("--events", metavar="FILE", exists=True, dir_okay=False, help=f"A recording: {RECORDED}")
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar='"NAME=VALUE ..."',
        help="Another way to run it, compared with the settings in force; may be given again.",
    ),
]
Minutes = Annotated[float, typer.Option(min=0.01, help="How much of the topic's end, or of a file's beginning.")]
Topic = Annotated[str | None, typer.Option("--topic", help="Any topic.", show_default="kafka.topic")]
Gpus = Annotated[int | None, typer.Option(min=1, help="GPUs, in place of the endpoints of the settings.")]
PerHour = Annotated[float, typer.Option(min=0, help="Dollars of a GPU hour, where an endpoint has no price.")]
Most = Annotated[int, typer.Option(min=100, help="The most records to read; their events are held in memory.")]
Played = Annotated[int, typer.Option(min=100, help="Of more events, those of every n-th shopper are played.")]
Html = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", callback=writable, help="Write the report as a page, too.")
]
ModelUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="Ask some of the calls of this model server, and compare its answers.")
]
Sample = Annotated[int, typer.Option(min=1, max=10_000, help="How many calls of each way --model-url is asked.")]
Parts = Annotated[
    int, typer.Option(min=1, max=64, help="Play the shoppers in so many parts at once, each before its share of GPUs.")
]
Jobs = Annotated[int, typer.Option(min=1, help="Processes at once.", show_default="the cores")]


def whatif(
    *,
    events: Events = None,
    ways: With = None,
    minutes: Minutes = DAY_MINUTES,
    topic: Topic = None,
    gpus: Gpus = None,
    per_hour: PerHour = 4.0,
    most: Most = 1_000_000,
    played: Played = 100_000,
    parts: Parts = 1,
    jobs: Jobs = CORES,
    html: Html = None,
    model_url: ModelUrl = None,
    sample: Sample = 50,
    config: Config = None,
    json: Json = False,
) -> None:
    """Play recorded events again with other settings, and show what would have differed: calls, GPU time, dollars and
    freshness.

    They go through a worker's own fold, triggers, backlog, limiter and router, before simulated GPUs (docs/gpu.md), in
    virtual time; the same arguments always give the same figures. Reads without a group and commits nothing. Each
    endpoint of the settings is one GPU. --with takes settings by their full names, gpus=N, timing=NAME,
    gpu.PARAMETER=N, answer_tokens=N, and away=600-900: the seconds in which the first GPU is away.

    No model is asked, unless --model-url names one: then so many calls of each way are made for real, and it says how
    the answers differ from what was assumed.

    Examples: penchant whatif --with "triggers.debounce_s=2 triggers.max_wait_s=6"

    penchant whatif --events 2019-Oct.csv.gz --gpus 4 --with gpus=3 --with prompt.version=v3 --json
    """
    settings = load_settings(config, {"kafka.topic": topic} if topic else {}).settings
    configure_logs("error", settings.log.format)
    variants = [_variant(config, f"gpus={gpus} " if gpus else "", words) for words in ("", *(ways or ()))]
    if model_url:
        asyncio.run(_there(variants, model_url))
    source = read(settings, events, minutes, most)
    recording = recorded(source.events, settings.session, played)
    screen = Console(stderr=True)
    screen.print(_source(source, recording), highlight=False)
    began_s = time.monotonic()
    asked = sample if model_url else 0
    at_once = min(jobs, len(variants) * parts)
    results = asyncio.run(compare(recording, variants, per_hour, at_once, screen.print, asked, parts))
    screen.print(f"{time.monotonic() - began_s:.1f} s", highlight=False)
    found = [each.figures for each in results]
    real = asyncio.run(_asked(variants, results, model_url)) if model_url else []
    report = _report(source, recording, variants, found, real)
    if html is not None:
        html.write_text(page(report), encoding="utf-8")
    if json:
        typer.echo(orjson.dumps(report))
    else:
        console().print(_table(variants, found))
        if real:
            console().print(_real_table(variants, real))


async def _there(variants: Sequence[Variant], url: str) -> None:
    """Whether the model is there and what each way takes it for, before a day is played for nothing. Raises
    ModelUnavailable, ContractMismatch, SettingInvalid."""
    for each in variants:
        client = at(each.settings, url)
        try:
            await client.probe()
        finally:
            await client.close()


async def _asked(variants: Sequence[Variant], results: Sequence[Result], url: str) -> list[Mapping[str, Beside]]:
    """What the model says to the calls that were kept of each."""
    answers: list[Mapping[str, Beside]] = []
    for each, result in zip(variants, results, strict=True):
        client = at(each.settings, url)
        try:
            answers.append(await ask(each, client, result.asked))
        finally:
            await client.close()
    return answers


def _variant(config: Path | None, given: str, words: str) -> Variant:
    def load(overrides: Mapping[str, object]) -> Settings:
        return load_settings(config, overrides).settings

    return variant(given + words, load, words or "as it is")


def _source(sample: Source, recording: Recording) -> str:
    part = f", those of one in {recording.each} shoppers" if recording.each > 1 else ""
    cut = "; there was more than --most lets in" if sample.read.cut else ""
    return f"{sample.read.source}: {len(recording.arrivals):,} events{part} in {recording.seconds:,.0f} s{cut}"


def _report(
    source: Source,
    recording: Recording,
    variants: Sequence[Variant],
    found: Sequence[Figures],
    real: Sequence[Mapping[str, Beside]],
) -> Mapping[str, object]:
    first = found[0]
    return {
        "source": source.read.source,
        "cut": source.read.cut,
        "seconds": round(recording.seconds, 1),
        "played": len(recording.arrivals),
        "each": recording.each,
        "variants": [
            {"name": each.name, **rows, "change": {name: change(first[name], rows[name]) for name in MEANINGS}}
            for each, rows in zip(variants, found, strict=True)
        ],
        "real_answers": [
            {"name": each.name, **{name: beside._asdict() for name, beside in rows.items()}}
            for each, rows in zip(variants, real, strict=False)
        ],
    }


def _table(variants: Sequence[Variant], found: Sequence[Figures]) -> Table:
    table = Table("figure", *(each.name for each in variants), "how it is made", box=None, pad_edge=False)
    for column in table.columns[1:-1]:
        column.justify = "right"
    for name, meaning in MEANINGS.items():
        values = [words(rows[name], change(found[0][name], rows[name])) for rows in found]
        table.add_row(name, *values, Text(meaning, "dim"))
    return table


def _real_table(variants: Sequence[Variant], real: Sequence[Mapping[str, Beside]]) -> Table:
    table = Table("real answers", *(each.name for each in variants), "what it is", box=None, pad_edge=False)
    for column in table.columns[1:-1]:
        column.justify = "right"
    for name, meaning in REAL_MEANINGS.items():
        table.add_row(name, *(beside_words(*rows[name]) for rows in real), Text(meaning, "dim"))
    return table
