"""A lake on S3, filled by the command while it is killed: each record once, erased shoppers gone, exports from it."""

import asyncio
import random
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from penchant.offline.export.files import read
from penchant.offline.lake.manifest import NAME, Manifest
from penchant.offline.lake.place import Place
from streams.errors import ContractMismatch
from tests.kafka import Kafka
from tests.moto import MotoServer
from tests.penchant.commands import Command, run
from tests.penchant.offline.lake.records import HOUR_MS, START_MS, product, readable

pytestmark = [pytest.mark.slow, pytest.mark.kafka]

KILLS, PARTITIONS, RECORDS = 3, 3, 40
"""Records for each partition and kill."""


async def test_each_record_stands_once_however_often_it_is_killed(
    real_kafka: Kafka, moto: MotoServer, tmp_path: Path
) -> None:
    """Killed three times as it writes. Then a shopper is erased, whose rows are in no object of the bucket any more. An
    export from the lake has what one from the topic has."""
    history, cards = await real_kafka.topic(PARTITIONS), await real_kafka.topic(1, cleanup_policy="compact")
    variables = {"KAFKA__BOOTSTRAP": real_kafka.bootstrap, "KAFKA__HISTORY_TOPIC": history, "KAFKA__CARDS_TOPIC": cards}
    await moto.make("shop")
    place, offsets = Place(moto.uri("shop", "lake")), count()
    follow, moments = ("export", "--follow", place.uri, "--json"), random.Random(1)
    for _ in range(KILLS):
        before = await asyncio.to_thread(_manifest, place)
        await _say(real_kafka, history, offsets)
        await real_kafka.produce(cards, [product("sku", ("color", "blue"))], keys=[b"sku"])
        async with Command(tmp_path, variables, *follow, "--every", "1") as command:
            await _written(place, before)
            await _say(real_kafka, history, offsets)
            await asyncio.sleep(moments.uniform(0.5, 1.5))  # within the next batch, before it or behind it
            command.send(signal.SIGKILL)
            await command.ended()
    ended = await run(tmp_path, variables, *follow, "--once")
    assert ended.status == 0, ended.err
    said = sorted((partition, offset) for partition in range(PARTITIONS) for offset in range(2 * KILLS * RECORDS))
    rows = await asyncio.to_thread(_rows, place, "intents")
    assert sorted((row["partition"], row["offset"]) for row in rows) == said
    assert len(await asyncio.to_thread(_rows, place, "facts")) == KILLS

    await real_kafka.produce(history, [None], keys=[b"shopper-1"], partition=1)
    assert (await run(tmp_path, variables, *follow, "--once")).status == 0
    everything = [name for name in await asyncio.to_thread(place.names) if name.startswith("intents/")]
    left = {row["shopper"] for name in everything for row in await asyncio.to_thread(_table, place, name)}
    assert left == {"shopper-0", "shopper-2"}
    await _exports_agree(tmp_path, variables, place)


async def _exports_agree(folder: Path, variables: dict[str, str], place: Place) -> None:
    requests = [
        {"shopper": f"shopper-{number}", "time": START_MS + 90_000 * at} for number in (0, 2) for at in range(99)
    ]
    (folder / "requests.jsonl").write_bytes(b"\n".join(map(orjson.dumps, requests)))
    asked = ("export", "--labels", "requests.jsonl", "--json")
    ways = {"topic.parquet": (), "lake.parquet": ("--from", place.uri)}
    ended = [await run(folder, variables, *asked, "--out", name, *way) for name, way in ways.items()]
    assert [each.status for each in ended] == [0, 0], [each.err for each in ended]
    assert ended[0].report["with_intent"] > 0
    topic, lake = (read(folder / name, "shopper", "time") for name in ways)
    assert topic == lake


async def _say(kafka: Kafka, topic: str, numbers: "count[int]") -> None:
    """Some more intents of a shopper for each partition, an hour further for every hundred."""
    for partition in range(PARTITIONS):
        some = [next(numbers) for _ in range(RECORDS)]
        shopper = f"shopper-{partition}"
        values = [readable(shopper, number, START_MS + number * (HOUR_MS // 100)) for number in some]
        await kafka.produce(topic, values, keys=[shopper.encode()] * RECORDS, partition=partition)


async def _written(place: Place, before: int) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(ContractMismatch):  # moto hands out half of what is being written; S3 never does
                if await asyncio.to_thread(_manifest, place) != before:
                    return
            await asyncio.sleep(0.05)


def _manifest(place: Place) -> int:
    return Manifest.load(place.read(NAME), place.uri).number


def _rows(place: Place, table: str) -> list[dict[str, Any]]:
    parts = Manifest.load(place.read(NAME), place.uri).parts
    return [row for part in parts if part.table == table for row in _table(place, part.name)]


def _table(place: Place, name: str) -> list[dict[str, Any]]:
    return list(place.read_table(name).to_pylist())
