"""Feast reads the files of a lake as they are, and joins them to requests as they were readable then."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

from benchmarks.environments import Environment
from penchant.offline.facts import ROOT
from penchant.offline.lake.lake import Lake
from penchant.offline.lake.place import Place
from streams.records.watermark import Watermark
from tests.penchant.offline.lake.records import HOUR_MS, START_MS
from tests.penchant.offline.lake.test_lake import TOPIC, batch, said

FEAST = Environment("feast", whole=True)
PROGRAM = ROOT / "benchmarks" / "peers" / "feast_lake.py"


async def test_feast_joins_what_was_readable_then(tmp_path: Path) -> None:
    """Of a shopper's two intents the one before each request; of a request before the first one Feast has no row."""
    assert await FEAST.install() is None
    lake, repository = Lake(Place(str(tmp_path / "lake"))), tmp_path / "feast"
    repository.mkdir()
    lake.commit(batch([said(0, "ada", 0), said(1, "bob", 1)]), {TOPIC: Watermark("id", (2,))})
    lake.commit(batch([said(2, "ada", 2)]), {TOPIC: Watermark("id", (3,))})
    requests = [f"ada:{START_MS + at_ms}" for at_ms in (-1_000, 60_000, 2 * HOUR_MS + 60_000)] + [f"bob:{START_MS}"]
    command = [str(FEAST.program("python")), str(PROGRAM), str(tmp_path / "lake"), str(repository), *requests]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, timeout=300)
    assert ended.returncode == 0, ended.stderr.decode()
    rows = json.loads(ended.stdout.splitlines()[-1])
    assert [(row["shopper"], row["position"]) for row in rows] == [("ada", "0:0:0"), ("ada", "0:2:0")]
    assert {row["category"] for row in rows} == {"home/kettles"}
