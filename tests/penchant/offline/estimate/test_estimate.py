"""penchant estimate, as a process: it learns from a topic or a file, and leaves nothing behind but a trace if asked."""

import asyncio
from pathlib import Path

import orjson
import pytest

from streams.events.decoding import encode
from streams.events.event import ShopperEvent
from tests.kafka import Kafka
from tests.penchant.commands import run

pytestmark = pytest.mark.kafka

NOW_MS = 1_795_000_000_000


@pytest.mark.slow
async def test_the_last_minutes_of_a_topic(kafka: Kafka, tmp_path: Path) -> None:
    """Dialect, keys, calls and needs, each with how it was made, and a trace of the calls. No group has committed
    anything; a file gives the same kind of figures; a topic without events is told as one."""
    topic, empty = await kafka.topic(3), await kafka.topic(1)
    for partition in range(3):
        shoppers = [f"s{partition}-{number % 7}" for number in range(200)]
        events = [
            encode(ShopperEvent(f"{partition}.{number}", who, "view", NOW_MS + number * 100))
            for number, who in enumerate(shoppers)
        ]
        await kafka.produce(
            topic, [*events, b"rubbish"], partition=partition, keys=[*(who.encode() for who in shoppers), b"x"]
        )
    csv = tmp_path / "events.csv"
    header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
    csv.write_text(
        header + "".join(f"2019-10-01 00:00:{at:02} UTC,view,1,2,a.b,acme,3.5,{at % 5 + 1},s\n" for at in range(60))
    )
    variables = {"KAFKA__BOOTSTRAP": kafka.bootstrap}
    trace = tmp_path / "calls.jsonl"

    read, filed, nothing, wrong = await asyncio.gather(
        run(tmp_path, variables, "estimate", "--topic", topic, "--peak", "1000", "--trace", str(trace), "--json"),
        run(tmp_path, variables, "estimate", "--events", str(csv), "--gpu", "max_batch=1", "--json"),
        run(tmp_path, variables, "estimate", "--topic", empty),
        run(tmp_path, variables, "estimate", "--gpu", "no_such=1"),
    )

    assert read.status == 0, read.err
    value = {name: figure["value"] for name, figure in read.report.items()}
    assert all(figure["how"] for figure in read.report.values())
    assert (value["dialect"], value["records"], value["events"], value["shoppers"]) == ("native", 603, 600, 21)
    assert value["refused_share"] == pytest.approx(3 / 603, abs=1e-4)
    assert (value["wrong_key_share"], value["partition_skew"]) == (0.0, 1.0)
    assert value["seconds"] == 19.9
    assert 0 < value["calls_per_event"] < value["calls_per_event_uncoalesced"] == 1.0
    assert value["peak_calls_per_second"] == pytest.approx(1_000 * value["calls_per_event"], rel=0.01)
    assert min(value[name] for name in ("workers", "partitions", "gpus", "redis_bytes")) >= 1
    calls = [orjson.loads(line) for line in trace.read_bytes().splitlines()]
    assert len(calls) == round(value["calls_per_event"] * 600)
    assert await kafka.committed("penchant", topic) is None
    assert filed.status == 0, filed.err
    assert [filed.report[name]["value"] for name in ("dialect", "shoppers", "gpu_batch")] == ["rees46", 5, 1]
    assert (nothing.status, "no shopper events" in nothing.err) == (1, True)
    assert wrong.status == 2
