"""penchant estimate: what a topic would cost, from a few minutes of it."""

import asyncio
import logging
from contextlib import ExitStack
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.cli.options import Config, Json
from penchant.offline.estimate.figures import Figure, figures
from penchant.offline.estimate.needs import needs
from penchant.offline.estimate.rates import Rates
from penchant.offline.estimate.reading import Sample, read_file, read_topic
from penchant.offline.estimate.rehearsed import rehearsed
from penchant.offline.estimate.trace import BLOCK_TOKENS, Trace
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from sandbox.gpu.timing import Timing
from streams.events.dialects import DIALECTS

OUTPUT_TOKENS = Rates().output_tokens

GPU = {field.name for field in fields(Timing)}


Minutes = Annotated[float, typer.Option(min=0.01, help="How much of the topic's end, or of a file's beginning.")]
Peak = Annotated[
    float | None, typer.Option(min=0.001, metavar="EVENTS", help="Events a second at the peak.", show_default="as read")
]
Topic = Annotated[str | None, typer.Option("--topic", help="Any topic.", show_default="kafka.topic")]
Speaks = Annotated[
    str | None,
    typer.Option("--dialect", metavar="NAME", help=f"One of {', '.join(sorted(DIALECTS))}.", show_default="recognised"),
]
Events = Annotated[
    Path | None,
    typer.Option("--events", metavar="FILE", exists=True, dir_okay=False, help="A file in a topic's place."),
]
Shoppers = Annotated[
    int | None, typer.Option(min=1, help="How many come within intent.ttl_s.", show_default="an upper bound")
]
OutputTokens = Annotated[int, typer.Option(min=1, help="Tokens of an answer.")]
Gpu = Annotated[
    list[str] | None,
    typer.Option("--gpu", metavar="NAME=VALUE", help="A parameter of the GPU (docs/gpu.md), such as kv_blocks=9000."),
]
Most = Annotated[int, typer.Option(min=100, help="The most records to read; their events are held in memory.")]
TraceFile = Annotated[
    Path | None, typer.Option("--trace", metavar="FILE", help="Write the calls there, as JSONL in Mooncake's format.")
]
TraceBlock = Annotated[
    int, typer.Option(min=16, metavar="TOKENS", help="Of a block in it; smaller ones show more of what is shared.")
]


def estimate(
    *,
    minutes: Minutes = 5.0,
    peak: Peak = None,
    topic: Topic = None,
    speaks: Speaks = None,
    events: Events = None,
    shoppers: Shoppers = None,
    output_tokens: OutputTokens = OUTPUT_TOKENS,
    gpu: Gpu = None,
    most: Most = 500_000,
    trace: TraceFile = None,
    trace_block: TraceBlock = BLOCK_TOKENS,
    config: Config = None,
    json: Json = False,
) -> None:
    """Learn from a few minutes of a topic what it would cost: partitions, workers, GPUs and memory at a peak.

    Reads without a group and commits nothing; asks no model. Each figure says how it was made.

    Examples: penchant estimate --peak 5000

    penchant estimate --events 2019-Oct.csv.gz --minutes 60 --peak 2000 --trace calls.jsonl --json
    """
    rates = _rates(gpu or [], output_tokens)
    settings = load_settings(config, {"kafka.topic": topic} if topic else {}).settings
    configure_logs("error", settings.log.format)
    sample = _sample(settings, events, minutes, most, speaks)
    with ExitStack() as stack:
        file = stack.enter_context(trace.open("wb")) if trace else None
        lines = Trace(rates.output_tokens, trace_block)
        tell = (lambda at_s, prompt: file.write(lines.line(at_s, prompt))) if file else None
        work = rehearsed(sample, settings, rates, tell)
    need = needs(work, rates, peak or work.events_per_second, shoppers=shoppers, kept_s=settings.intent.ttl_s)
    read = replace(sample.read, counted="by prompt.tokenizer") if settings.prompt.tokenizer else sample.read
    found = figures(read, work, need, rates)
    if json:
        typer.echo(orjson.dumps({figure.name: _as_json(figure) for figure in found}))
    else:
        Console().print(_table(found))


def _sample(settings: Settings, file: Path | None, minutes: float, most: int, name: str | None) -> Sample:
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells, our errors tell once
    if name is not None and name not in DIALECTS:
        raise typer.BadParameter(f"{name} is none of {', '.join(sorted(DIALECTS))}", param_hint="--dialect")
    if file is not None:
        return read_file(file, minutes, most, settings.privacy)
    return asyncio.run(read_topic(settings.kafka, minutes, most, name, settings.privacy))


def _rates(given: list[str], output_tokens: int) -> Rates:
    timing = Timing()
    for word in given:
        name, _, value = word.partition("=")
        if name not in GPU:
            raise typer.BadParameter(
                f"{word} is not NAME=VALUE, with one of {', '.join(sorted(GPU))}", param_hint="--gpu"
            )
        kind = type(getattr(timing, name))
        try:
            timing = replace(timing, **{name: kind(value)})
        except ValueError as exc:
            raise typer.BadParameter(f"{value} is no {kind.__name__}", param_hint="--gpu") from exc
    return Rates(gpu=timing, output_tokens=output_tokens)


def _as_json(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, "unit": figure.unit, "how": figure.how}


def _table(found: list[Figure]) -> Table:
    table = Table("figure", "", "how it was made", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for figure in found:
        value = f"{figure.value:,}" if isinstance(figure.value, int | float) else figure.value
        table.add_row(figure.name, Text(f"{value} {figure.unit}".rstrip()), Text(figure.how, "dim"))
    return table
