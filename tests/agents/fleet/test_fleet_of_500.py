"""Five hundred workers: what they cost Redis, counted by Redis itself, and how soon they obey."""

import asyncio
from pathlib import Path

import orjson
import pytest

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge
from agents.fleet.switches import SwitchState, SwitchValue
from agents.fleet.sync import FleetSync
from sandbox.servers.fleet import MemoryFleet
from sandbox.servers.redis import RedisServer
from storage.activity import Activity
from storage.connection import Client, connect
from storage.fleet import FleetStore
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from tests.clients.virtual import virtually

FEW, MANY = 10, 500
BEAT = {"version": "0.1.0", "partitions": [1, 2], "intents": 123_456, "freshness_p95_ms": 1_234.5, "away": {}}
PAUSED = SwitchValue("on", "ada@desk", 1_700_000_000_000, "a release")
THROWN = Activity("switch", "pause", "on", "ada@desk", "a release")


def member(store: FleetStore, number: int) -> tuple[FleetSync, Outcomes]:
    """A worker's sync, with an experiment that runs."""
    outcomes = Outcomes()
    judge = ExperimentJudge(
        ActiveExperiments([Experiment("new-model", (Arm("canary", 10.0),))]), outcomes, f"w{number}"
    )
    return FleetSync(store, judge, SwitchState(), lambda: BEAT, lambda: 1_700_000_000_000), outcomes


async def spent(client: Client) -> dict[str, int]:
    """What Redis has done so far, with what its scripts asked of it."""
    told, commands = await client.info("stats"), await client.info("commandstats")
    calls = sum(each["calls"] for each in commands.values())
    return {"commands": calls, "read": told["total_net_input_bytes"], "written": told["total_net_output_bytes"]}


async def looks(client: Client, members: list[tuple[FleetSync, Outcomes]]) -> dict[str, float]:
    """Five hundred looks of so many workers, each of whom counts a call: what one of them costs."""
    before = await spent(client)
    for number in range(MANY):
        sync, outcomes = members[number % len(members)]
        outcomes.note_answer([("new-model", "control")], 0.5)
        await sync.look()
    after = await spent(client)
    return {name: (after[name] - before[name]) / MANY for name in after}


@pytest.mark.redis
async def test_a_second_of_a_worker_costs_redis_the_same_in_a_fleet_of_500(tmp_path: Path) -> None:
    """Commands, and bytes both ways: none of them grows with the fleet, but for the digits of a count of workers; nor
    does what all of them share. A look at all workers is two round trips of one command each worker."""
    async with RedisServer(tmp_path) as server, connect(server.url) as client:
        store = RedisFleet(client, Keys("fleet-of-500"), timeout_s=10.0)
        members = [member(store, number) for number in range(MANY)]
        await looks(client, members)  # a worker's first look reads the forecast's history too
        many = await looks(client, members)
        for sync, _ in members[FEW:]:
            await store.leave(sync._judge.worker)
        few = await looks(client, members[:FEW])
        assert many["commands"] == pytest.approx(few["commands"], abs=1.0)
        assert many["read"] == pytest.approx(few["read"], rel=0.1)
        assert many["written"] == pytest.approx(few["written"], rel=0.1)
        assert many["commands"] < 15
        assert many["read"] + many["written"] < 3_000


@pytest.mark.redis
async def test_operators_see_500_workers(tmp_path: Path) -> None:
    """Each with what it said."""
    async with RedisServer(tmp_path) as server, connect(server.url) as client:
        store = RedisFleet(client, Keys("fleet-of-500"), timeout_s=10.0)
        for number in range(MANY):
            await store.sync(f"w{number}", orjson.dumps(BEAT), {})
        beats = await store.heartbeats()
        assert len(beats) == (await store.read()).workers == MANY
        assert all(orjson.loads(beat.content) == BEAT for beat in beats.values())


def test_500_workers_obey_a_switch_within_two_seconds() -> None:
    """And know how many they are, among whom a rate is shared."""

    async def main() -> None:
        store = MemoryFleet(asyncio.get_running_loop().time)
        syncs = [member(store, number)[0] for number in range(MANY)]
        tasks = [asyncio.ensure_future(sync.run()) for sync in syncs]
        await asyncio.sleep(1.5)
        await store.throw("pause", PAUSED.dump(), THROWN)
        await asyncio.sleep(2.0)
        assert {sync._switch_state.workers for sync in syncs} == {MANY}
        assert all(sync._switch_state.now.on("pause") for sync in syncs)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await store.read()).workers == 0

    virtually(main)
