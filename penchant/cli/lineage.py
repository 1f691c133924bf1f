"""penchant lineage: which log the contexts in Redis belong to, and the way to another one."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from penchant.cli.options import Config, Json
from penchant.process.logs import configure_logs
from penchant.settings.root import Settings
from penchant.settings.sources import load_settings
from penchant.worker.admission import make_keeper
from penchant.worker.lineage import Findings, LineageKeeper
from streams.kafka.reader import TopicReader
from streams.records.lineage import Kind, Lineage

MISMATCH, USAGE = 1, 2

lineage = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Show which log the contexts in Redis belong to, or take up the log as it is now.\n\n"
    "Example: penchant lineage show",
)


@lineage.command()
def show(*, config: Config = None, json: Json = False) -> None:
    """Compare the log that the contexts belong to with the topic as it is now. Exit status 1 when they differ.

    Example: penchant lineage show --json
    """
    findings = asyncio.run(_look(_settings(config)))
    if json:
        typer.echo(orjson.dumps(_report(findings)))
    else:
        for line in _lines(findings):
            typer.echo(line)
    if findings.change:
        raise typer.Exit(MISMATCH)


@lineage.command()
def bump(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; for scripts.")] = False,
    number: Annotated[int, typer.Option("--to", min=0, help="Raise the number to this one at least.")] = 0,
    keep_offsets: Annotated[
        bool,
        typer.Option(
            "--keep-offsets",
            help="Go on at the group's committed offsets though the topic was re-created: after a move to a mirrored "
            "cluster that translated them, say.",
        ),
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Take up the log as it is now under the next lineage number. Stop the workers first, and start them afterwards.

    Contexts keep their history and lose their offsets. Where the topic was re-created it is read from its beginning.

    Examples: penchant lineage bump

    penchant lineage bump --yes --json
    """
    settings = _settings(config)
    findings = asyncio.run(_look(settings))
    for line in [*_lines(findings), *_warnings(findings, keep_offsets=keep_offsets)]:
        typer.echo(line, err=True)
    if not yes:
        _confirm()
    recorded = asyncio.run(_bump(settings, findings, number, keep_offsets=keep_offsets))
    if json:
        typer.echo(orjson.dumps(asdict(recorded)))
    else:
        typer.echo(f"Lineage {recorded.number} is in force; start the workers.")


async def _look(settings: Settings) -> Findings:
    async with _keeper(settings) as keeper:
        return await keeper.look()


async def _bump(settings: Settings, findings: Findings, number: int, *, keep_offsets: bool) -> Lineage:
    async with _keeper(settings) as keeper:
        return await keeper.bump(findings, number, keep_offsets=keep_offsets)


def _confirm() -> None:
    if not sys.stdin.isatty():
        typer.echo("Nobody is here to be asked: add --yes to do it.", err=True)
        raise typer.Exit(USAGE)
    typer.confirm("Take up the log as it is now?", abort=True, err=True)


@asynccontextmanager
async def _keeper(settings: Settings) -> AsyncIterator[LineageKeeper]:
    redis = settings.redis.connect()
    try:
        async with TopicReader(settings.kafka.options) as reader:
            yield make_keeper(settings, reader, redis)
    finally:
        await redis.aclose()


def _settings(config: Path | None) -> Settings:
    settings = load_settings(config).settings
    configure_logs("error", settings.log.format)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it tells, our errors tell once
    return settings


def _report(findings: Findings) -> dict[str, Any]:
    recorded, seen = findings.recorded, findings.log
    return {
        "recorded": asdict(recorded) if recorded else None,
        "found": asdict(seen) | {"partitions": seen.partitions},
        "change": findings.change.kind.value if findings.change else None,
        "told": findings.change.description if findings.change else None,
        "backlog": findings.backlog,
    }


def _lines(findings: Findings) -> list[str]:
    recorded, seen = findings.recorded, findings.log
    known = f"lineage {recorded.number}: {_log(recorded)}" if recorded else "none; the first worker records it"
    told = (
        findings.change.description
        if findings.change
        else "they are the same log"
        if recorded
        else "nothing to compare"
    )
    return [f"recorded  {known}", f"found     {_log(seen)}", f"          {told}"]


def _log(log: Any) -> str:
    return f"{log.topic}, {log.partitions} partitions, id {log.topic_id or 'not told by the broker'}"


def _warnings(findings: Findings, *, keep_offsets: bool) -> list[str]:
    kind = findings.change.kind if findings.change else None
    warnings = []
    if kind is None and findings.recorded:
        warnings.append("There is no need for it, unless a worker said so.")
    if kind is Kind.WIDENED and findings.backlog:
        warnings.append(
            f"{findings.backlog:,} records are not worked off yet. If a shopper among them has moved to another "
            "partition, a worker may stop once more; docs/lineage.md shows the way round that, by penchant rekey."
        )
    if kind is Kind.RECREATED and findings.committed and not keep_offsets:
        warnings.append("The group's committed offsets are of the earlier topic: it begins at the beginning.")
    return warnings
