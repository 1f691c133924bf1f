"""penchant simulate: traffic to any Kafka, from simulated shoppers or from a file of real events; and a model."""

import asyncio
import logging
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from secrets import randbelow
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from penchant.cli.options import RECORDED, Config, Json
from penchant.cli.simulate_model import model
from penchant.process.signals import stop_signals
from penchant.settings.kafka import Kafka
from penchant.settings.sources import load_settings
from sandbox.shop.faults import spoil
from sandbox.shop.player import Played, Player
from sandbox.shop.producer import EventProducer
from sandbox.shop.shoppers import ShopperTraffic
from sandbox.shop.timeline import Timed, timed
from streams.events.recording import recording
from streams.kafka.topics import create_topic

SHOPPERS = 200
SHOW_EVERY_S = 0.2

Brokers = Annotated[str | None, typer.Option(metavar="HOST:PORT", help="The brokers, in the place of kafka.bootstrap.")]
Topic = Annotated[str | None, typer.Option(help="The topic, in the place of kafka.topic.")]
Events = Annotated[
    Path | None,
    typer.Option(
        "--events",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help=f"Play this file in the place of simulated shoppers: events {RECORDED}",
    ),
]
Speed = Annotated[
    float | None,
    typer.Option(
        "--speed", min=0.001, help="Play the file this many times faster; event times follow.", show_default="1"
    ),
]
KeepTimes = Annotated[
    bool, typer.Option("--keep-times", help="Send the file's event times as they are, not as if it happened now.")
]
Shoppers = Annotated[int | None, typer.Option(min=1, help="How many shoppers there are.", show_default=str(SHOPPERS))]
Rate = Annotated[
    float | None,
    typer.Option(min=0.001, help="Events per second.", show_default="as many as the shoppers make without hurry"),
]
Seconds = Annotated[
    float | None,
    typer.Option(min=0.001, help="How long to send.", show_default="to the end of the file, or until Ctrl-C"),
]
Seed = Annotated[
    int | None,
    typer.Option(min=0, help="The same seed makes the same events, ids included.", show_default="another each time"),
]
BadShare = Annotated[
    float, typer.Option(min=0, max=1, help="Replace this share of events by broken ones, which a worker must refuse.")
]


simulate = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Send what a shop would send to a Kafka of yours, or serve a model before a simulated GPU.\n\n"
    "Example: penchant simulate traffic --rate 200 --seconds 60",
)
simulate.command()(model)


@simulate.callback()
def group() -> None:
    """What is simulated is named by the next word."""


@simulate.command()
def traffic(
    *,
    kafka: Brokers = None,
    topic: Topic = None,
    events: Events = None,
    speed: Speed = None,
    keep_times: KeepTimes = False,
    shoppers: Shoppers = None,
    rate: Rate = None,
    seconds: Seconds = None,
    seed: Seed = None,
    bad_share: BadShare = 0.0,
    create: Annotated[bool, typer.Option("--create-topic", help="Make the topic if there is none.")] = False,
    partitions: Annotated[int, typer.Option(min=1, help="Partitions of a topic made by --create-topic.")] = 12,
    config: Config = None,
    json: Json = False,
) -> None:
    """Send shopper events to Kafka, keyed by shopper, and say how many.

    Simulated shoppers have missions, search, compare, change their minds, and order or leave.

    A file is played as if it began now. With --speed the pauses between its events get shorter, in event time too.

    Examples: penchant simulate traffic --kafka localhost:9092 --shoppers 1000 --rate 200 --seconds 60

    penchant simulate traffic --events 2019-Oct.csv.gz --speed 60 --create-topic --json
    """
    target = _kafka(config, kafka, topic)
    seed = randbelow(2**32) if seed is None else seed
    if events is None:
        _refuse("only with --events", speed=speed, keep_times=keep_times)
        timeline: Generator[Timed] = ShopperTraffic(seed, shoppers or SHOPPERS, rate).events()
    else:
        _refuse("not with --events", shoppers=shoppers, rate=rate)
        timeline = timed(recording(events), speed or 1.0, keep_times=keep_times)
    timeline = spoil(timeline, seed, bad=bad_share)
    made = partitions if create else None
    played = asyncio.run(_run(target, timeline, seconds, keep_times=keep_times, partitions=made))
    _report(played, seed, json=json)


def _kafka(config: Path | None, kafka: str | None, topic: str | None) -> Kafka:
    given = {"kafka.bootstrap": kafka, "kafka.topic": topic}
    return load_settings(config, {name: value for name, value in given.items() if value is not None}).settings.kafka


def _refuse(why: str, **options: object) -> None:
    """Options that would mean nothing are refused rather than ignored."""
    for name, value in options.items():
        if value:
            raise typer.BadParameter(why, param_hint=f"--{name.replace('_', '-')}")


async def _run(
    kafka: Kafka, timeline: Generator[Timed], seconds: float | None, *, keep_times: bool, partitions: int | None
) -> Played:
    """Play, and stop early on Ctrl-C or SIGTERM, which is a good end too."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells, our errors tell once
    with stop_signals() as asked:
        if partitions:
            await create_topic(kafka.options, kafka.topic, partitions)
        async with EventProducer(kafka.options, kafka.topic) as producer, asyncio.TaskGroup() as tasks:
            player = Player(producer, keep_times=keep_times)
            beside = [tasks.create_task(_stop_when(asked, player)), tasks.create_task(_show(player, seconds))]
            await player.play(timeline, seconds)
            for task in beside:
                task.cancel()
    return player.played


async def _stop_when(asked: asyncio.Event, player: Player) -> None:
    await asked.wait()
    player.stop()


async def _show(player: Player, seconds: float | None) -> None:
    """A progress bar, where there is a terminal to show it."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    columns = BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=seconds)
        while True:
            played = player.played
            progress.update(bar, completed=played.seconds, description=_words(played))
            await asyncio.sleep(SHOW_EVERY_S)


def _report(played: Played, seed: int, *, json: bool) -> None:
    if json:
        figures = asdict(played) | {"events_per_second": round(played.events_per_second, 1), "seed": seed}
        typer.echo(orjson.dumps(figures | {"seconds": round(played.seconds, 3)}))
    else:
        typer.echo(f"{_words(played)}, in {played.seconds:.1f} s (seed {seed})")


def _words(played: Played) -> str:
    bad = f", {played.bad:,} of them bad" if played.bad else ""
    return f"{played.sent:,} events of {played.shoppers:,} shoppers{bad}, {played.events_per_second:,.0f} a second"
