"""The bench of reads in its smallest form: what it reports, and that all the while intents were written and read."""

from pathlib import Path

import pytest

from benchmarks import intents, reads
from benchmarks.stores import Bare, Reader
from penchant.cli.bench import bench
from sandbox.servers.redis import RedisServer

pytestmark = pytest.mark.redis

PLAN = reads.Plan(shoppers=30, per_second=200.0, rounds=2, turns=((1, 10), (7, 3)))


async def test_reads_are_compared_while_intents_are_written(tmp_path: Path) -> None:
    """Each system at each size, in milliseconds and over the bare read, which is one by definition."""
    lines: list[str] = []
    report = await reads.run(PLAN, tmp_path, lines.append)
    rows = {(row["system"], row["shoppers_a_read"]): row for row in report["reads"]}
    assert rows.keys() == {(name, size) for name in ("reader", "bare", "feast_style") for size in (1, 7)}
    assert all(0 < row["p50_ms"] <= row["p99_ms"] and row["p99_over_bare"] > 0 for row in rows.values())
    assert [rows["bare", size]["p99_over_bare"] for size in (1, 7)] == [1, 1]
    assert report["intents_per_second"]["intents"] > 0
    assert report["intents_per_second"]["asked"] == PLAN.per_second
    assert lines


@pytest.mark.parametrize("store", [Reader, Bare])
async def test_a_read_that_finds_nothing_fails_the_bench(
    redis_server: RedisServer, store: type[Reader] | type[Bare]
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
        reading.read([0, 1, 2])
        reading.close()


def test_every_bench_is_a_command() -> None:
    """A bench that nobody can run measures nothing."""
    names = {command.callback.__name__ for command in bench.registered_commands if command.callback}
    assert {"ingest", "recovery", "calls", "goodput", "incident", "reads", "prompts", "decoding"} <= names
