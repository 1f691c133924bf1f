"""penchant simulate traffic, as people run it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from streams.events.decoding import Decoded, Decoder
from streams.events.formats import rees46
from tests.kafka import Kafka
from tests.reading import read_all

OTTO = Path(__file__).parents[1] / "data" / "otto_sessions.jsonl"
ROW = (
    "2019-10-01 00:00:0{second} UTC,view,1480613,2053013561092866779,computers.desktop,pulser,908.62,512742880,0d0d91c2"
)

pytestmark = pytest.mark.kafka


@asynccontextmanager
async def _simulate(folder: Path, *options: str | Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, in a folder without settings; ended with the block."""
    code = "from penchant.cli.main import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, "simulate", "traffic", "--json", *options,
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _report(folder: Path, *options: str | Path) -> Mapping[str, Any]:
    async with _simulate(folder, *options) as process:
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    report: Mapping[str, Any] = json.loads(out)
    return report


async def _decoded(kafka: Kafka, topic: str) -> Decoded:
    return Decoder().decode(await read_all(kafka.bootstrap, topic))


async def test_simulated_shoppers_reach_the_topic(kafka: Kafka, tmp_path: Path) -> None:
    """The report counts what a worker will find there."""
    topic = await kafka.topic(3)
    where = ("--kafka", kafka.bootstrap, "--topic", topic)
    report = await _report(tmp_path, *where, "--shoppers", "20", "--rate", "200", "--seconds", "1", "--seed", "7")
    decoded = await _decoded(kafka, topic)
    assert report.keys() == {"sent", "bad", "shoppers", "seconds", "events_per_second", "seed"}
    assert (len(decoded.events), decoded.refused) == (report["sent"], [])
    assert report["sent"] == pytest.approx(200, rel=0.1)
    assert len({event.shopper_id for _, _, event in decoded.events}) == report["shoppers"] <= 20
    assert (report["bad"], report["seed"]) == (0, 7)


async def test_broken_events_are_counted_as_a_worker_will(kafka: Kafka, tmp_path: Path) -> None:
    """`bad` is the number of dead letters to come."""
    topic = await kafka.topic()
    where = ("--kafka", kafka.bootstrap, "--topic", topic)
    report = await _report(tmp_path, *where, "--rate", "500", "--seconds", "1", "--bad-share", "0.3")
    decoded = await _decoded(kafka, topic)
    assert len(decoded.refused) == report["bad"] > 0
    assert len(decoded.events) + len(decoded.refused) == report["sent"]


async def test_a_file_is_played_whole_bad_rows_included(kafka: Kafka, tmp_path: Path) -> None:
    """Something is sent for each row; event times are now, and as far apart as the speed makes them."""
    topic = await kafka.topic()
    rows = [ROW.format(second=0), "garbage", ROW.format(second=4), ROW.format(second=4), ROW.replace("view", "dance")]
    file = tmp_path / "events.csv"
    file.write_text("\n".join([rees46.HEADER.decode(), *rows]))
    where = ("--kafka", kafka.bootstrap, "--topic", topic)
    report = await _report(tmp_path, *where, "--events", file, "--speed", "8")
    records = await read_all(kafka.bootstrap, topic)
    decoded = Decoder().decode(records)
    assert (report["sent"], report["bad"], report["shoppers"]) == (5, 2, 1)
    assert [refusal.reason for refusal in decoded.refused] == ["json", "json"]
    first, second, again = (event for _, _, event in decoded.events)
    assert second == again
    assert second.time_ms - first.time_ms == 500
    assert abs(first.time_ms - records[0].timestamp) < 60_000


async def test_otto_sessions_can_be_played_with_their_own_times(kafka: Kafka, tmp_path: Path) -> None:
    """All 862 events, at a speed that takes no time, as they were recorded."""
    topic = await kafka.topic()
    where = ("--kafka", kafka.bootstrap, "--topic", topic)
    report = await _report(tmp_path, *where, "--events", OTTO, "--speed", "1e9", "--keep-times")
    times = [event.time_ms for _, _, event in (await _decoded(kafka, topic)).events]
    assert (report["sent"], report["shoppers"]) == (862, 20)
    assert (times[0], max(times)) == (1_659_304_800_025, 1_661_723_997_885)


async def test_the_topic_is_made_when_asked(real_kafka: Kafka, tmp_path: Path) -> None:
    """With its partitions, before the first event."""
    topic = f"made-{await real_kafka.topic()}"
    where = ("--kafka", real_kafka.bootstrap, "--topic", topic, "--create-topic", "--partitions", "2")
    report = await _report(tmp_path, *where, "--rate", "500", "--seconds", "0.5")
    records = await read_all(real_kafka.bootstrap, topic)
    assert len(records) == report["sent"]
    assert {record.partition for record in records} == {0, 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.slow
async def test_being_stopped_is_a_good_end(kafka: Kafka, tmp_path: Path, number: signal.Signals) -> None:
    """Without --seconds it goes on until then; what was sent is in the topic and in the report."""
    topic = await kafka.topic()
    async with _simulate(tmp_path, "--kafka", kafka.bootstrap, "--topic", topic) as process:
        async with asyncio.timeout(30):
            while not await read_all(kafka.bootstrap, topic):
                pass
        process.send_signal(number)
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert len(await read_all(kafka.bootstrap, topic)) == json.loads(out)["sent"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--speed", "2"), "only with --events"),
        (("--keep-times",), "only with --events"),
        (("--events", OTTO, "--rate", "5"), "not with --events"),
        (("--events", "none.csv"), "none.csv"),
        (("--events", __file__), "no dialect that we know"),
        (("--kafka", "nowhere"), "kafka.bootstrap"),
        (("--bad-share", "2"), "--bad-share"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, options: tuple[str | Path, ...], said: str) -> None:
    """In words, on stderr, with the exit status of bad usage."""
    async with _simulate(tmp_path, *options, "--seconds", "1") as process:
        out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert said in err.decode()
    assert "Traceback" not in err.decode()
