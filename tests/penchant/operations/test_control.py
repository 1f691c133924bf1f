"""penchant control: what operators see, and what they decide for all workers."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge
from agents.fleet.switches import Switches, SwitchState
from agents.fleet.sync import FleetSync
from penchant.operations.control import FleetStatus, activity, note_shoppers
from penchant.settings import Settings
from penchant.worker.experiments import clock_ms
from sandbox.servers.redis import RedisServer
from storage.connection import connect
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
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
HEARTBEAT: dict[str, object] = {
    "version": "1", "prompt": "v1", "partitions": [0], "lag": 0, "owed": 0, "in_flight": 0, "limit": 1, "intents": 0,
    "freshness_p95_ms": None, "loop_lag_p99_ms": None, "away": {"redis": "frozen by ada"},
}  # fmt: skip
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
        store = RedisFleet(redis, Keys(str(told["REDIS__NAMESPACE"])), 10.0)
        judge = ExperimentJudge(active_experiments, outcomes, "w1")
        sync = FleetSync(store, judge, SwitchState(), partial(dict, HEARTBEAT), clock_ms)
        await sync.look()
        for _ in range(failed):
            outcomes.note([KEY], "failed")
        for _ in range(1_000):
            outcomes.note_answer([CONTROL], 0.5)
        await sync.look()
        await store.leave("w1")
    return active_experiments


@pytest.mark.slow
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


@pytest.mark.slow
async def test_a_switch_says_how_many_workers_obey(redis_server: RedisServer, tmp_path: Path) -> None:
    """Thrown, and put back; a worker that keeps from writing since it was told to is frozen, not without a Redis."""
    told = variables(redis_server)
    thrown = await run(tmp_path, told, "control", "set", "freeze-writes", "--who", "ada", "--why", "a drill", "--json")
    old = {"freeze_writes": thrown.report["at_ms"]}
    async with connect(str(told["REDIS__URL"])) as redis, asyncio.TaskGroup() as tasks:
        store = RedisFleet(redis, Keys(str(told["REDIS__NAMESPACE"])), 10.0)
        beating = tasks.create_task(beat(store, {"w1": old, "w2": {}}))
        while (await store.read()).workers < 2:  # noqa: ASYNC110 - Redis says nothing by itself
            await asyncio.sleep(0.05)
        seen = await run(tmp_path, told, "control", "status")
        assert "switch freeze-writes: on, obeyed by 1 of 2" in seen.out
        assert "by ada: a drill" in seen.out
        assert "frozen" in next(line for line in seen.out.splitlines() if line.strip().startswith("w1"))
        report = (await run(tmp_path, told, "control", "status", "--json")).report
        assert (report["switches"]["freeze_writes"]["obeyed"], report["workers"]) == (1, ["w1", "w2"])
        await run(tmp_path, told, "control", "clear", "freeze-writes", "--who", "ben")
        seen = await run(tmp_path, told, "control", "status")
        assert "switch freeze-writes: back, obeyed by 1 of 2" in seen.out
        beating.cancel()


async def beat(store: RedisFleet, obeyed: Mapping[str, Mapping[str, int]]) -> None:
    """Workers that say how they are twice a second."""
    while True:
        for name, switches in obeyed.items():
            await store.sync(name, orjson.dumps(HEARTBEAT | {"obeys": switches}), {})
        await asyncio.sleep(0.5)


@pytest.mark.slow
async def test_what_was_decided_is_logged(redis_server: RedisServer, tmp_path: Path) -> None:
    """Who, when and why, also who put it back; whoever changes nothing does not stand there."""
    told = variables(redis_server)
    assert "nothing was decided yet" in (await run(tmp_path, told, "control", "log")).out
    await run(tmp_path, told, "control", "set", "pause", "--who", "ada", "--why", "a release")
    await run(tmp_path, told, "control", "clear", "pause", "--who", "ben")
    again = await run(tmp_path, told, "control", "clear", "pause", "--who", "cleo")
    assert "it was not thrown" in again.out
    await run(tmp_path, told, "experiments", "rollback", "new-model", "--who", "ada", "--why", "complaints")
    lines = (await run(tmp_path, told, "control", "log")).out.splitlines()
    assert [line.partition("UTC  ")[2] for line in lines] == [
        "new-model back, by ada: complaints", "pause clear, by ben", "pause on, by ada: a release",
    ]  # fmt: skip
    entries = (await run(tmp_path, told, "control", "log", "--newest", "2", "--json")).report["entries"]
    assert [(each["kind"], each["value"], each["who"]) for each in entries] == [
        ("experiment", "back", "ada"), ("switch", "clear", "ben"),
    ]  # fmt: skip


async def test_what_is_done_with_shoppers_leaves_a_trace_without_their_ids(redis_server: RedisServer) -> None:
    """A keyed hash of one, the same each time and another under another key; of many their number."""
    namespace = f"control-{uuid4().hex[:8]}"
    plain = {"redis": {"url": redis_server.url, "namespace": namespace}}
    settings = Settings.model_validate(plain)
    keyed = Settings.model_validate(plain | {"model": {"session_key": "a-secret"}})
    for each, shoppers in ((settings, ["ada"]), (settings, ["ada"]), (keyed, ["ada"]), (settings, ["ada", "bob"])):
        await note_shoppers(each, "unmasking", "inspect", shoppers, "vera", "a complaint")
    many, other, *same = [entry.name for entry in await activity(settings, 9)]
    assert (many, len({*same}), other in same) == ("2 shoppers", 1, False)
    assert "ada" not in repr(await activity(settings, 9))


def test_idle_servers_are_those_that_no_worker_goes_to() -> None:
    """By pool; a worker that has not called yet says nothing of it, nor does an earlier version."""
    told: dict[str, dict[str, Any]] = {
        "w1": {"active": {"gpus": {"free": ["g3", "g4"]}, "rented": {"free": []}}},
        "w2": {"active": {"gpus": {"free": ["g4", "g5"]}}},
        "w3": {"active": {}},
        "w4": {},
    }
    assert FleetStatus(Switches(), told, ()).idle == {"gpus": ["g4"], "rented": []}
    assert FleetStatus(Switches(), {"w4": {}}, ()).idle == {}
