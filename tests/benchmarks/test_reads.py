"""The bench of reads in its smallest form: what it reports, and that all the while intents were written and read."""

from pathlib import Path

import pytest

from benchmarks import intents, reads
from benchmarks.stores import Bare, Packed, Reader
from penchant.cli.bench import bench
from sandbox.servers.redis import RedisServer

pytestmark = pytest.mark.redis

PLAN = reads.ReadPlan(
    shoppers=30, per_second=200.0, rounds=2, turns={"one": (1, 10), "hundred": (7, 3), "thousand": (9, 3)}
)


async def test_reads_are_compared_while_intents_are_written(tmp_path: Path) -> None:
    """Each system at each size, in milliseconds and over the bare read, which is one by definition."""
    lines: list[str] = []
    report = await reads.run(PLAN, tmp_path, lines.append)
    for system in ("reader", "hmget", "packed", "feast_style"):
        assert [row["shoppers"] for row in report[system].values()] == [1, 7, 9]
        assert report[system].keys() == PLAN.turns.keys()
        assert all(0 < row["p50"] <= row["p99"] and row["p99_ratio"] > 0 for row in report[system].values())
    assert [row["p99_ratio"] for row in report["hmget"].values()] == [1, 1, 1]
    assert report["ratio_p99"] == report["reader"]["hundred"]["p99_ratio"]
    assert report["answered_at_20_ms"].keys() == PLAN.turns.keys()
    assert all(0 <= share <= 1 for share in report["answered_at_20_ms"].values())
    assert report["intents_per_second"]["intents"] > 0
    assert report["intents_per_second"]["asked"] == PLAN.per_second
    assert lines


@pytest.mark.parametrize("store", [Reader, Bare, Packed])
async def test_a_read_that_finds_nothing_fails_the_bench(
    redis_server: RedisServer, store: type[Reader] | type[Bare] | type[Packed]
) -> None:
    """Nothing is measured that is not a whole intent."""
    reading = store(redis_server.url)
    with pytest.raises(AssertionError, match="missing"):
        reading.read([9_999_999])
    reading.close()


async def test_the_writer_writes_what_the_reader_reads(tmp_path: Path) -> None:
    """Its intents are the service's own, through the service's own script."""
    async with RedisServer(tmp_path) as redis:
        await intents.fill(redis.url, 3)
        reading = Reader(redis.url)
        for number in range(3):
            reading.read([number])
        with pytest.raises(AssertionError, match="missing"):
            reading.read([3])
        reading.close()


def test_every_bench_is_a_command() -> None:
    """A bench that nobody can run measures nothing."""
    names = {command.callback.__name__ for command in bench.registered_commands if command.callback}
    assert {
        "ingest",
        "steady",
        "latency",
        "recovery",
        "calls",
        "goodput",
        "incident",
        "reads",
        "prompts",
        "decoding",
    } <= names
