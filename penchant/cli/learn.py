"""penchant learn: what a recording's shoppers teach, as a snapshot for `penchant eval --learned` and workers."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import RECORDED, Config, Json
from penchant.offline.eval.run import read
from penchant.offline.learning import learn as learned_from
from penchant.settings.sources import load_settings
from prompts.learned.snapshot import SUPPORT

Events = Annotated[Path, typer.Option(metavar="FILE", help=f"A recording: events {RECORDED}")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="The snapshot to write, as JSON.")]
Support = Annotated[
    int, typer.Option(min=1, help="The shoppers that each name, pair and range needs. Fewer than 20 are for trials.")
]


def learn(*, events: Events, out: Out, support: Support = SUPPORT, config: Config = None, json: Json = False) -> None:
    """Count which categories, brands and prices follow each other, and write what enough shoppers support.

    No shopper adds more than one to a pair in a day, and what [privacy] calls sensitive teaches nothing.

    Examples: penchant learn --events rees46.csv --out learned.json

    penchant eval --events later.csv --learned learned.json --json
    """
    snapshot = learned_from(read(events, load_settings(config).settings.privacy), support)
    body = snapshot.dump()
    out.write_bytes(body)
    keys = {table: len(rows) for table, rows in snapshot.tables.items()}
    if json:
        report = {"snapshot": snapshot.name, "support": snapshot.support, "bytes": len(body), "keys": keys}
        typer.echo(orjson.dumps(report | {"file": str(out)}))
        return
    typer.echo(f"{out}: {snapshot.name}, {len(body):,} bytes, supported by {snapshot.support} shoppers and more")
    typer.echo(", ".join(f"{table} {count:,}" for table, count in keys.items()))
