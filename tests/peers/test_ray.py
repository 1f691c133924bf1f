"""A catalogue understood by two workers of a Ray on this machine, as one process does it."""

import asyncio
import json
import os
import sysconfig
from pathlib import Path
from typing import Any

from benchmarks.environments import Environment
from penchant.offline.facts import ROOT

RAY = Environment("ray", whole=True)
WITHIN_S = 240.0
ROWS = 300


async def products_run(folder: Path, out: str, *more: str) -> dict[str, Any]:
    """The report of a run of the catalogue, with Ray beside what is installed here."""
    command = (RAY.program("python"), "-m", "penchant.cli", "products", "run", "--in", "catalogue.jsonl")
    paths = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    process = await asyncio.create_subprocess_exec(
        *map(str, command), "--out", out, "--simulated", "--json", *more, cwd=folder,
        env=os.environ | {"PYTHONPATH": paths, "RAY_USAGE_STATS_ENABLED": "0"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WITHIN_S):
            told, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    report: dict[str, Any] = json.loads(told)
    return report


async def test_two_workers_come_to_what_one_process_comes_to(tmp_path: Path) -> None:
    """The same files, rejects and duplicates among them; a second run asks nobody, whichever engine asked before, and
    after a change the changed row alone."""
    assert await RAY.install() is None
    rows = [{"id": f"sku-{at % 290}" if at % 7 else "", "title": f"Kettle {at}, blue"} for at in range(ROWS)]
    catalogue = tmp_path / "catalogue.jsonl"
    catalogue.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    local = await products_run(tmp_path, "local")
    ray = ("--engine", "ray", "--workers", "2", "--at-once", "8")
    first, second = [await products_run(tmp_path, "ray", *ray) for _ in range(2)]
    assert first | {"folder": "local"} == local
    assert (second["calls"], second["kept"], second["products"]) == (0, local["calls"], local["products"])
    for name in ("products.jsonl", "rejects.jsonl"):
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    rows[1]["title"] = "Kettle, red"
    catalogue.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert (await products_run(tmp_path, "local", *ray))["calls"] == 1
