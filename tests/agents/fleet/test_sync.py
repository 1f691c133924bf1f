"""Sync: a fleet counts together, rolls back together, and stays rolled back."""

import asyncio
from contextlib import AsyncExitStack
from typing import Literal
from uuid import uuid4

import orjson
import pytest

from agents.experiments.active_experiments import ActiveExperiments, pooled
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.guardrails import GuardrailRules
from agents.experiments.outcomes import Outcomes
from agents.fleet.judge import ExperimentJudge, ExperimentNotice
from agents.fleet.switches import SwitchState, SwitchValue
from agents.fleet.sync import FleetSync
from sandbox.servers.fleet import MemoryFleet
from sandbox.servers.redis import RedisServer
from storage.activity import Activity
from storage.connection import connect
from storage.fleet import ExperimentDecision, FleetStore
from storage.keys import Keys
from storage.redis_fleet import RedisFleet
from tests.agents.fleet_of_workers import FAILS, Canary, fleet
from tests.clients.virtual import virtually
from tests.until import until

WORKERS = 8
TRIED = Experiment("new-model", (Arm("canary", 10.0),))
HALF = Experiment("new-model", (Arm("canary", 50.0),))
KEY = ("new-model", "canary")
CONTROL = ("new-model", "control")


def loop_s() -> float:
    return asyncio.get_running_loop().time()


def distant() -> MemoryFleet:
    """A fleet that is 5 ms away."""

    async def way() -> None:
        await asyncio.sleep(0.005)

    return MemoryFleet(loop_s, way)


def syncing(
    store: FleetStore, tried: Experiment = TRIED, name: str = "w1", at_s: float = 1_000.0
) -> tuple[FleetSync, ActiveExperiments, Outcomes]:
    active_experiments, outcomes = ActiveExperiments([tried]), Outcomes()
    judge = ExperimentJudge(active_experiments, outcomes, name)
    return FleetSync(store, judge, SwitchState(), dict, lambda: int(at_s * 1e3)), active_experiments, outcomes


def count(outcomes: Outcomes, failed: int, answered: int) -> None:
    """A bad canary, and a control without faults."""
    for _ in range(failed):
        outcomes.note([KEY], "failed")
    for _ in range(answered):
        outcomes.note_answer([CONTROL], 0.5)


def test_a_bad_canary_is_rolled_back_on_all_eight_workers() -> None:
    """One that goes bad after a while: the fleet's counts convict it within 10 s, though no worker alone has
    enough of them; all eight have let go of it within 2 s of the first; every shopper gets the model's intent."""

    async def main() -> None:
        store, canary = distant(), Canary()
        async with fleet([store] * WORKERS, TRIED, KEY, canary, every_s=0.1) as members:
            await asyncio.sleep(20.0)
            assert not any(member.back for member in members)
            canary.turn, bad_s = FAILS, loop_s()
            while not any(member.back for member in members):  # noqa: ASYNC110 # virtual time
                await asyncio.sleep(0.01)
            first_s = loop_s()
            assert first_s - bad_s < 10.0
            while not all(member.back for member in members):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert loop_s() - first_s < 2.0
            back_s = loop_s()
            await asyncio.sleep(5.0)
            assert canary.last_s <= back_s
            assert all(not member.desk.meter.rules_intents for member in members)
            assert all(shopper.clean for member in members for shopper in list(member.desk.shoppers.values())[:-5])
            (notice,) = [notice for member in members for notice in member.notices]
            assert (notice.kind, notice.experiment, notice.arm) == ("rolled_back", "new-model", "canary")
            assert notice.why.startswith("errors: ")

    virtually(main)


def test_a_good_canary_stays() -> None:
    """Two minutes of a fleet, and hundreds of calls."""

    async def main() -> None:
        async with fleet([distant()] * WORKERS, TRIED, KEY, Canary(), every_s=0.5) as members:
            await asyncio.sleep(120.0)
            assert not any(member.back for member in members)
            assert sum(member.outcomes.latency_s[KEY].cumulated()[-1][1] for member in members) > 130

    virtually(main)


@pytest.mark.redis
async def test_a_bad_canary_is_rolled_back_through_redis(redis_server: RedisServer) -> None:
    """The same in real time: eight connections to one redis-server."""
    keys = Keys(f"control-{uuid4().hex[:8]}")
    canary = Canary()
    canary.turn = FAILS
    async with AsyncExitStack() as stack:
        clients = [connect(redis_server.url) for _ in range(WORKERS)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        stores = [RedisFleet(client, keys, timeout_s=10.0) for client in clients]
        async with fleet(stores, HALF, KEY, canary, every_s=0.2) as members:
            await until(lambda: all(member.back for member in members), within_s=120.0)
            found = await stores[0].read()
            assert found.decisions["new-model"].state == "back"
            assert found.workers == WORKERS
            assert sum(len(member.notices) for member in members) == 1


async def test_nothing_is_in_force_before_the_hash_was_read() -> None:
    """A worker that starts while Redis is away brings nothing back that was rolled back."""
    store = distant()
    store.decisions["new-model"] = ExperimentDecision(1, "back", "w9", "errors", 0)
    store.down = True
    looking, active_experiments, _ = syncing(store)
    await looking.look()
    assert not active_experiments.running
    assert looking.away
    store.down = False
    await looking.look()
    assert not active_experiments.running
    assert not looking.away


async def test_the_last_known_state_outlives_redis() -> None:
    """While Redis is away an experiment in force stays so, and one that is not does not come back."""
    store = distant()
    looking, active_experiments, outcomes = syncing(store)
    await looking.look()
    store.down = True
    await looking.look()
    assert active_experiments.running == (TRIED,)
    store.down = False
    count(outcomes, failed=200, answered=2_000)
    await looking.look()
    assert not active_experiments.running
    store.down = True
    await looking.look()
    assert not active_experiments.running


async def test_a_rollback_whose_reply_was_lost_is_told() -> None:
    """Once, when it is heard of."""
    store, notices = distant(), list[ExperimentNotice]()
    active_experiments, outcomes = ActiveExperiments([TRIED]), Outcomes()
    judge = ExperimentJudge(active_experiments, outcomes, "w1", notices.append)
    looking = FleetSync(store, judge, SwitchState(), dict, lambda: 1_000_000)
    await looking.look()
    count(outcomes, failed=200, answered=2_000)
    store.mute = True
    await looking.look()
    assert not notices
    store.mute = False
    for _ in range(2):
        await looking.look()
    assert not active_experiments.running
    assert [(notice.arm, notice.kind) for notice in notices] == [("canary", "rolled_back")]


async def test_a_redis_that_lost_the_decision_is_told_again() -> None:
    """And does not bring the experiment back on any worker."""
    store = distant()
    looking, active_experiments, outcomes = syncing(store)
    other, others, _ = syncing(store, name="w2")
    for each in (looking, other):
        await each.look()
    count(outcomes, failed=200, answered=2_000)
    await looking.look()
    await other.look()
    known = store.decisions["new-model"]
    store.flush()
    await other.look()
    assert store.decisions["new-model"] == known
    await looking.look()
    assert not active_experiments.running
    assert not others.running


async def test_only_an_operator_brings_it_forward_and_it_begins_anew() -> None:
    """Neither another definition nor a new worker does; the counts from before do not count again."""
    store = distant()
    looking, active_experiments, outcomes = syncing(store)
    await looking.look()
    count(outcomes, failed=200, answered=2_000)
    await looking.look()
    changed = Experiment("new-model", (Arm("canary", 5.0, prompt_version="v2"),))
    active_experiments.take_up([changed])
    await looking.look()
    assert not active_experiments.running
    second, seconds, _ = syncing(store, changed, "w2")
    await second.look()
    assert not seconds.running
    await store.decide("new-model", ExperimentDecision(2, "forward", "ada", "mended", 0))
    for each in (looking, second):
        await each.look()
        await each.look()
    assert active_experiments.running == seconds.running == (changed,)


async def test_an_operator_may_roll_back_too() -> None:
    """Without any count."""
    store = distant()
    looking, active_experiments, _ = syncing(store)
    await looking.look()
    await store.decide("new-model", ExperimentDecision(1, "back", "ada", "a hunch", 0))
    await looking.look()
    assert not active_experiments.running


async def test_counts_of_another_definition_do_not_convict() -> None:
    """A canary that was changed is judged by its own calls."""
    store = distant()
    looking, active_experiments, outcomes = syncing(store)
    await looking.look()
    count(outcomes, failed=90, answered=2_000)
    await looking.look()
    active_experiments.take_up([Experiment("new-model", (Arm("canary", 10.0, model="other"),))])
    count(outcomes, failed=90, answered=2_000)
    await looking.look()
    assert active_experiments.running


async def test_old_counts_are_forgotten() -> None:
    """The hash does not grow for ever; what is looked back over stays."""
    store = distant()
    early, _, outcomes = syncing(store, at_s=0.0)
    await early.look()
    count(outcomes, failed=1, answered=1)
    await early.look()
    for at_s, left in ((3_900.0, 2), (4_200.0, 0)):
        later, _, _ = syncing(store, at_s=at_s)
        await later.look()
        assert len(store.counts) == left


async def test_counts_from_before_a_decision_are_forgotten() -> None:
    """Those of the whole time: however often an experiment is decided on, the hash holds its last ones alone."""
    store = distant()
    looking, _, outcomes = syncing(store)
    await looking.look()
    for serial in range(1, 4):
        outcomes.note_session([KEY], "sessions", 10)
        await looking.look()
        await store.decide("new-model", ExperimentDecision(serial, "forward", "ada", "again", 0))
        await looking.look()
        await looking.look()
        assert not store.counts


async def test_the_counts_on_which_an_experiment_was_rolled_back_stay_until_it_goes_on() -> None:
    """They are what `penchant experiments` shows of it meanwhile."""
    store = distant()
    looking, _, outcomes = syncing(store)
    await looking.look()
    outcomes.note_session([KEY], "sessions", 10)
    await looking.look()
    decisions: list[tuple[Literal["forward", "back"], bool]] = [("back", True), ("forward", False)]
    for serial, (state, left) in enumerate(decisions, 1):
        await store.decide("new-model", ExperimentDecision(serial, state, "ada", "so", 0))
        for _ in range(3):
            await looking.look()
        assert bool(store.counts) is left


async def test_holdouts_and_shadows_are_not_judged() -> None:
    """A shadow harms nobody, and a holdout makes no calls."""
    store = distant()
    tried = Experiment("new-model", (Arm("canary", 10.0, kind="shadow", pool="p"),))
    looking, active_experiments, outcomes = syncing(store, tried)
    await looking.look()
    count(outcomes, failed=500, answered=5_000)
    await looking.look()
    assert active_experiments.running
    spans = pooled(store.counts, tried, 0, 1_000.0)
    assert sum(each.failed for each in spans["canary"]) == 500


async def test_an_arm_that_loses_its_shoppers_is_rolled_back() -> None:
    """By what the sessions of all workers come to, without a call that failed."""
    tried = Experiment("new-model", (Arm("canary", 10.0),), GuardrailRules(purchased=0.05))
    looking, active_experiments, outcomes = syncing(distant(), tried)
    await looking.look()
    for key, purchased in ((KEY, 2_400), (CONTROL, 3_000)):
        outcomes.note_session([key], "sessions", 100_000)
        outcomes.note_session([key], "purchased", purchased)
    await looking.look()
    assert not active_experiments.running
    assert active_experiments.decision("new-model").why.startswith("arm canary: purchased: -20.0%")


@pytest.mark.parametrize("wrong_s", [70 * 60, -70 * 60, 86_400])
async def test_a_worker_with_a_wrong_clock_counts_with_the_others(wrong_s: int) -> None:
    """The store's clock says which span a count belongs to, and which are too old: an arm that breaks a guardrail is
    rolled back, and nobody's counts are forgotten."""
    store = MemoryFleet(loop_s)
    store.at_ms = 1_700_000_000_000
    right, _, mine = syncing(store, name="right", at_s=1_700_000_000)
    wrong, active, theirs = syncing(store, name="wrong", at_s=1_700_000_000 + wrong_s)
    await right.look()
    await wrong.look()
    count(mine, failed=60, answered=600)
    await right.look()
    held = dict(store.counts)
    assert held
    count(theirs, failed=300, answered=600)
    await wrong.look()
    await wrong.look()
    assert held.keys() <= store.counts.keys()
    assert len({key.bucket_s for key in store.counts}) == 1
    assert active.decision("new-model").state == "back"


async def test_a_worker_hears_of_switches_and_keeps_them_while_redis_is_away() -> None:
    """It hears how many workers there are, and says what it obeys."""
    now_s, store, switch_state, pause = 100.0, MemoryFleet(lambda: now_s), SwitchState(), SwitchValue("on", "ada", 5)
    said = Activity("switch", "pause", "on", "ada")
    looking = FleetSync(
        store, ExperimentJudge(ActiveExperiments([]), Outcomes(), "w1"), switch_state, lambda: {"lag": 3}, lambda: 0
    )
    await store.sync("w0", b"{}", {})
    now_s += 20
    await store.sync("w2", b"{}", {})
    await store.throw("pause", pause.dump(), said)
    await looking.look()
    assert switch_state.now.on("pause")
    assert switch_state.workers == 2
    store.down = True
    await looking.look()
    assert switch_state.now.on("pause")
    assert looking.away
    store.down = False
    await store.throw("pause", None, said)
    await looking.look()
    assert orjson.loads((await store.heartbeats())["w1"].content) == {"lag": 3, "obeys": {"pause": 5}}
    await looking.look()
    assert not switch_state.now.on("pause")
    assert orjson.loads((await store.heartbeats())["w1"].content) == {"lag": 3, "obeys": {}}


async def test_a_switch_that_cannot_be_read_leaves_the_others_as_they_were() -> None:
    """Experiments are judged all the same, and the reason stands where operators look."""
    store = distant()
    looking, active_experiments, _ = syncing(store)
    store.switches["pause"] = b"7"
    await store.decide("new-model", ExperimentDecision(1, "back", "ada", "a hunch", 0))
    assert await looking.look() is None
    assert not active_experiments.running
    assert "switch:pause" in (looking.away or "")


async def test_a_worker_that_stops_leaves_the_fleet() -> None:
    """The others share a rate without it at once."""
    store = distant()
    looking, _, _ = syncing(store)
    running = asyncio.ensure_future(looking.run())
    while not (await store.read()).workers:  # noqa: ASYNC110 # the fleet in memory says nothing
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not (await store.read()).workers


async def test_a_worker_adds_its_calls_to_the_fleets() -> None:
    """Once in five minutes, to the slot in which they were made; what could not be added is added the next time."""
    store, made = MemoryFleet(loop_s), 0
    store.at_ms = 0
    judge = ExperimentJudge(ActiveExperiments([]), Outcomes(), "w1")
    looking = FleetSync(store, judge, SwitchState(), dict, lambda: 0, lambda: made)
    await looking.look()
    assert looking.demand.forecast is None
    made, store.at_ms = 600, 310_000
    for _ in range(2):
        await looking.look()
    assert store.calls == {0: 600}
    assert looking.demand.forecast is not None
    assert looking.demand.forecast.now == 2.0
    made, store.at_ms, store.down = 700, 610_000, True
    await looking.look()
    store.down = False
    await looking.look()
    assert store.calls == {0: 600, 1: 100}
