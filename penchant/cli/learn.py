"""penchant learn: what the shoppers of a recording, or of a topic, teach, as a snapshot for `penchant eval --learned`
and replays."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from penchant.cli.options import RECORDED, ColumnsFile, Config, Json, ProductsFile
from penchant.offline.eval.run import read
from penchant.offline.learning import learn as learned_from
from penchant.offline.products.shelf import shelf
from penchant.offline.topic_events import topic_events
from penchant.offline.training import train
from penchant.process.logs import configure_logs
from penchant.settings.sources import load_settings
from prompts.learned.predictor import lightgbm, name_of
from prompts.learned.snapshot import SUPPORT

Events = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help=f"A recording: events {RECORDED}", show_default="the end of kafka.topic"),
]
Minutes = Annotated[float, typer.Option(min=0.01, help="How much of the topic's end.", show_default="a day")]
Most = Annotated[int, typer.Option(min=100, help="The most records of it to read; their events are held in memory.")]
Out = Annotated[Path, typer.Option(metavar="FILE", help="The snapshot to write, as JSON.")]
PredictorFile = Annotated[
    Path | None,
    typer.Option(
        "--predictor",
        metavar="FILE",
        help="Train trees too, which put candidates in order, and write them there; needs penchant\\[learn].",
    ),
]
DAY = 1_440.0
Support = Annotated[
    int, typer.Option(min=1, help="The shoppers that each name, pair and range needs. Fewer than 20 are for trials.")
]


def learn(
    *,
    events: Events = None,
    minutes: Minutes = DAY,
    most: Most = 500_000,
    out: Out,
    predictor: PredictorFile = None,
    products: ProductsFile = None,
    columns: ColumnsFile = None,
    support: Support = SUPPORT,
    config: Config = None,
    json: Json = False,
) -> None:
    """Count which categories, brands and prices follow each other, and write what enough shoppers support.

    No shopper adds more than one to a pair in a day, and what [privacy] calls sensitive teaches nothing. A topic is
    read in no group; shoppers who were erased or opted out teach nothing there.

    Examples: penchant learn --events rees46.csv --out learned.json

    penchant learn --minutes 10080 --out learned.json

    penchant learn --events rees46.csv --products catalogue.csv --out learned.json

    penchant eval --events later.csv --learned learned.json --json

    penchant learn --events rees46.csv --out learned.json --predictor trees.json
    """
    if predictor:
        lightgbm()  # without it nothing need be read
    settings = load_settings(config).settings
    configure_logs("error", settings.log.format)
    taught = read(events, settings.privacy) if events else asyncio.run(topic_events(settings, minutes, most))
    snapshot = learned_from(taught, support, shelf(products, columns, settings) if products else ())
    body = snapshot.dump()
    trees = train(taught, support) if predictor else b""
    out.write_bytes(body)
    if predictor:
        predictor.write_bytes(trees)
    keys = {table: len(rows) for table, rows in snapshot.tables.items()}
    if json:
        report = {"snapshot": snapshot.name, "support": snapshot.support, "bytes": len(body), "keys": keys}
        made = {"predictor": name_of(trees), "predictor_bytes": len(trees)} if predictor else {}
        typer.echo(orjson.dumps(report | {"file": str(out)} | made))
        return
    typer.echo(f"{out}: {snapshot.name}, {len(body):,} bytes, supported by {snapshot.support} shoppers and more")
    typer.echo(", ".join(f"{table} {count:,}" for table, count in keys.items()))
    if predictor:
        typer.echo(f"{predictor}: {name_of(trees)}, {len(trees):,} bytes of trees")
