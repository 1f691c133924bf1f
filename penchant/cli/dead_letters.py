"""penchant dead-letters: what was refused and why, one of it, and its way back after a fix."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from penchant.cli.options import Config, Json
from penchant.operations.dead_letters import redrive as redriving
from penchant.operations.dead_letters.judge import Outcome, RedrivePlan
from penchant.operations.dead_letters.listing import Kind, Listing, listed
from penchant.operations.dead_letters.masking import masked, plain
from penchant.operations.dead_letters.topic import REMEDY, LetterPosition, StoredLetter, look
from penchant.process.logs import configure_logs
from penchant.settings.kafka import Kafka
from penchant.settings.sources import load_settings
from streams.events.decoding import Record
from streams.events.dialects import DIALECTS, Dialect, whole_dialect
from streams.kafka.reader import TopicReader

Told = Callable[[int], None]

dead_letters = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Look at the records that were refused, and send them back after a fix.\n\n"
    "Example: penchant dead-letters list",
)

Reason = Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Only those refused for this reason.")]


@dead_letters.command("list")
def list_(*, config: Config = None, json: Json = False) -> None:
    """Count the letters by reason, with the first, the last and an example, in which letters are x and digits 9.

    Example: penchant dead-letters list --json
    """
    kafka = _kafka(config)
    listing = asyncio.run(_list(kafka))
    if json:
        typer.echo(
            orjson.dumps({"topic": kafka.dead_letter_topic, "reasons": [asdict(kind) for kind in listing.kinds]})
        )
    elif listing.kinds:
        Console().print(_table(listing.kinds))
    else:
        typer.echo(f"{kafka.dead_letter_topic} holds nothing.")


@dead_letters.command()
def show(
    place: Annotated[str, typer.Argument(metavar="PARTITION-OFFSET", help="As `list` shows it: 0-17, say.")],
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="Show key and value as they are; they may tell of a shopper.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show one letter: where it came from, why it was refused, and what it looks like.

    Examples: penchant dead-letters show 0-17

    penchant dead-letters show 0-17 --raw
    """
    where, kafka = _place(place), _kafka(config)
    record, found = asyncio.run(_one(kafka, where))
    told = _letter(record, found, plain if raw else masked)
    if json:
        typer.echo(orjson.dumps(told))
        return
    for name, value in told.items():
        typer.echo(f"{name:<10} {value}")


@dead_letters.command()
def redrive(
    *,
    reason: Reason = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="Those that came from this topic.", show_default="kafka.topic")
    ] = None,
    speaks: Annotated[
        str | None,
        typer.Option(
            "--dialect",
            metavar="NAME",
            help=f"What that topic speaks: {', '.join(sorted(DIALECTS))}.",
            show_default="kafka.dialect",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go back.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Send back what is good now, with its key, headers and timestamp. What is still bad stays, and is counted.

    Do it after a fix of the settings or of Penchant. Each letter goes back once, also after a crash in the middle:
    the same command goes on. Workers may run meanwhile. Needs transactions, which any Kafka has.

    Examples: penchant dead-letters redrive --dry-run

    penchant dead-letters redrive --reason schema --json
    """
    kafka = _kafka(config)
    plan = RedrivePlan(topic or kafka.topic, _dialect(kafka, topic or kafka.topic, speaks), reason)
    act = redriving.rehearse if dry_run else redriving.redrive
    outcome = asyncio.run(_shown(kafka, lambda told: act(kafka, plan, told)))
    if json:
        typer.echo(orjson.dumps(asdict(outcome) | {"dry_run": dry_run}))
    else:
        typer.echo(outcome.words(dry_run=dry_run))


async def _list(kafka: Kafka) -> Listing:
    async with TopicReader(kafka.options.committed()) as reader:
        with _bar(await _offsets(reader, kafka)) as told:
            return await listed(reader, kafka.dead_letter_topic, told)


async def _one(kafka: Kafka, place: LetterPosition) -> tuple[Record, StoredLetter]:
    async with TopicReader(kafka.options.committed()) as reader:
        return await (await look(reader, kafka.dead_letter_topic, lambda _: None)).one(place)


async def _shown(kafka: Kafka, act: Callable[[Told], Coroutine[Any, Any, Outcome]]) -> Outcome:
    async with TopicReader(kafka.options.committed()) as reader:
        total = await _offsets(reader, kafka)
    with _bar(total) as told:
        return await act(told)


async def _offsets(reader: TopicReader, kafka: Kafka) -> int:
    log = await reader.log(kafka.dead_letter_topic, REMEDY)
    return sum(log.ends) - sum((await reader.beginnings(log)).values())


@contextmanager
def _bar(total: int) -> Iterator[Told]:
    """Progress, where there is a terminal to show it."""
    console = Console(stderr=True)
    columns = BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=total)
        yield lambda done: progress.update(bar, completed=done)


def _kafka(config: Path | None) -> Kafka:
    settings = load_settings(config).settings
    configure_logs("error", settings.log.format)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells, our errors tell once
    return settings.kafka


def _place(text: str) -> LetterPosition:
    partition, _, offset = text.partition("-")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise typer.BadParameter(f"{text} is no PARTITION-OFFSET such as 0-17")
    return LetterPosition(int(partition), int(offset))


def _dialect(kafka: Kafka, topic: str, name: str | None) -> Dialect:
    """What judges the letters: as a worker does its topic, as `rekey` does another."""
    if name is not None and name not in DIALECTS:
        raise typer.BadParameter(f"{name} is none of {', '.join(sorted(DIALECTS))}", param_hint="--dialect")
    own = topic == kafka.topic
    return whole_dialect(name or (kafka.dialect if own else "native"), keyed=own)


def _letter(record: Record, found: StoredLetter, tell: Callable[[bytes | None], str]) -> dict[str, Any]:
    letter = found.letter
    told: dict[str, Any] = {"place": str(found.place), "refused": _time(found.time_ms), "redriven": found.redriven}
    if letter is not None:
        told |= {"from": f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"}
        told |= {"written": _time(letter.timestamp_ms), "reason": letter.reason}
        told |= {"path": letter.path, "detail": letter.detail}
    return told | {"key": tell(record.key), "value": tell(record.value)}


def _table(kinds: list[Kind]) -> Table:
    table = Table("reason", "letters", "waiting", "first", "last", "example", box=None, pad_edge=False)
    table.columns[-1].overflow = "fold"
    for kind in kinds:
        first, last = (
            f"{_time(ms)}\n{place}" for ms, place in ((kind.first_ms, kind.first), (kind.last_ms, kind.last))
        )
        example = kind.example
        told = "\n".join(filter(None, (example.place, example.path, example.detail, example.value))) if example else ""
        cells = (kind.reason, f"{kind.letters:,}", f"{kind.waiting:,}", first, last, told)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _time(time_ms: int | None) -> str:
    if time_ms is None or time_ms < 0:
        return "(not known)"
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
