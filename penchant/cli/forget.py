"""penchant forget: erase shoppers for good."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import Config, Json
from penchant.operations.forget import Receipt
from penchant.operations.forget import forget as erase
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings

Shoppers = Annotated[list[str] | None, typer.Argument(metavar="SHOPPER...", help="Whom to forget.", show_default=False)]
File = Annotated[Path | None, typer.Option(metavar="FILE", exists=True, help="The same, one in a line.")]


def forget(*, shoppers: Shoppers = None, file: File = None, config: Config = None, json: Json = False) -> None:
    """Erase shoppers: intent, session, what is owed, calls under way, and every event up to now, however often it is
    read again.

    What a shopper does afterwards begins anew. The erasure stands in kafka.erasure_topic, which is compacted: a Redis
    that was lost or rolled back is told again before it is served. Running it again does no harm.

    It does not reach into the event topic and the dead-letter topic, which Kafka empties by their retention.

    Examples: penchant forget 541312140

    penchant forget --file erase-today.txt --json
    """
    named = [*(shoppers or []), *(file.read_text(encoding="utf-8").split() if file else [])]
    if not named:
        raise typer.BadParameter("name at least one shopper, or a --file", param_hint="SHOPPER")
    settings = load_settings(config).settings
    configure_logs("warning", settings.log.format)
    receipts = asyncio.run(erase(settings, list(dict.fromkeys(named))))
    if json:
        typer.echo(orjson.dumps({"erased": [asdict(receipt) for receipt in receipts]}))
        return
    for receipt in receipts:
        typer.echo(_words(receipt))


def _words(receipt: Receipt) -> str:
    ends = " ".join(map(str, receipt.events_count_from))
    return (
        f"{receipt.shopper}: erasure {receipt.number}\n"
        f"  Redis: {receipt.redis_intents} intent, {receipt.redis_contexts} context, {receipt.redis_owed} owed\n"
        f"  Kafka: {receipt.erasure_topic} at {receipt.erasure_offset}; events count from {ends}\n"
        "  Workers: forget within about a second of reading it"
    )
