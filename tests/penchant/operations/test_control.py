"""penchant control: what operators see, and what they decide for all workers."""

import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.fleet.control_watch import ControlWatch
from penchant.settings import Settings
from penchant.worker.experiments import clock_ms
from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.control import RedisControl
from storage.keys import Keys
from tests.penchant.commands import run

EXPERIMENTS = [
    {
        "name": "new-model",
        "arms": [
            {"name": "canary", "percent": 1.0, "temperature": 0.5},
            {"name": "nothing", "percent": 0.5, "kind": "holdout"},
        ],
    }
]
KEY, CONTROL = ("new-model", "canary"), ("new-model", "control")

pytestmark = pytest.mark.redis


def variables(server: RedisServer) -> dict[str, object]:
    """Settings in a namespace of one's own."""
    return {
        "REDIS__URL": server.url,
        "REDIS__NAMESPACE": f"control-{uuid4().hex[:8]}",
        "REDIS__TIMEOUT_S": 10,
        "EXPERIMENTS": orjson.dumps(EXPERIMENTS).decode(),
    }


async def worked(told: Mapping[str, object], failed: int) -> ActiveExperiments:
    """A worker that has looked, counted calls, and looked again."""
    settings = Settings.model_validate({"experiments": EXPERIMENTS})
    active_experiments, outcomes = ActiveExperiments(settings.experiments), Outcomes()
    async with connect(str(told["REDIS__URL"])) as redis:
        store = RedisControl(redis, Keys(str(told["REDIS__NAMESPACE"])), 10.0)
        watch = ControlWatch(store, active_experiments, outcomes, "w1", clock_ms)
        await watch.begin()
        for _ in range(failed):
            outcomes.note([KEY], "failed")
        for _ in range(1_000):
            outcomes.note_answer([CONTROL], 0.5)
        await watch.look()
    return active_experiments


async def test_a_rollback_is_shown_and_taken_back(redis_server: RedisServer, tmp_path: Path) -> None:
    """Why and by whom; the counts on which it was done; and who brought it forward, after which counts begin anew."""
    told, began_ms = variables(redis_server), time.time() * 1e3 - 1
    assert not (await worked(told, failed=150)).running
    seen = await run(tmp_path, told, "control", "status")
    assert seen.status == 0, seen.err
    assert "0 workers are alive" in seen.out
    assert "new-model: rolled back since" in seen.out
    assert "by worker w1: arm canary: errors: 100.0% of 150 calls" in seen.out
    assert "penchant experiments resume new-model" in seen.out
    assert "100.0%" in next(line for line in seen.out.splitlines() if line.startswith("  canary"))
    done = await run(tmp_path, told, "experiments", "resume", "new-model", "--who", "ada", "--why", "mended", "--json")
    assert (done.report["state"], done.report["serial"], done.report["who"]) == ("forward", 2, "ada")
    assert began_ms < done.report["at_ms"] < time.time() * 1e3 + 1
    assert (await worked(told, failed=0)).running
    report = (await run(tmp_path, told, "control", "status", "--json")).report
    (experiment,) = report["experiments"]
    assert (experiment["state"], experiment["why"]) == ("forward", "mended")
    assert {arm["name"]: arm["calls"] for arm in experiment["arms"]} == {"canary": 0, "nothing": 0, "control": 1_000}


async def test_an_operator_rolls_back_and_does_so_once(redis_server: RedisServer, tmp_path: Path) -> None:
    """The second one changes nothing, and says who was first."""
    told = variables(redis_server)
    for who in ("ada", "ben"):
        done = await run(tmp_path, told, "experiments", "rollback", "new-model", "--who", who)
        assert done.status == 0, done.err
        assert done.out.startswith("new-model: rolled back since")
        assert done.out.rstrip().endswith("by ada")
    assert not (await worked(told, failed=0)).running


async def test_an_experiment_that_is_not_there_is_told(redis_server: RedisServer, tmp_path: Path) -> None:
    """With the names of those that are."""
    done = await run(tmp_path, variables(redis_server), "experiments", "rollback", "new-modl")
    assert done.status == 2
    assert "there is no experiment new-modl" in done.err
    assert "name one of them: new-model" in done.err
