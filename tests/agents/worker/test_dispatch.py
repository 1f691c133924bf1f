"""Dispatch: shoppers are taken when there is a place for them, and nothing is lost or left when calls fail."""

import asyncio

import pytest

from agents.worker.asking import CallRules
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from streams.sessions.packing import dump
from streams.sessions.session import Session
from tests.agents.desk import Gate, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.queueing_server import QueueingServer
from tests.fakes.scripted_calls import Turn
from tests.simulation.truth import digest


def taking(seconds: float) -> ScriptedModel:
    return ScriptedModel(lambda _: Turn(delay_s=seconds))


def test_the_prompt_is_made_when_a_place_comes_free() -> None:
    """A shopper who is due waits for a place; what happens meanwhile is in the prompt, and needs no second call."""

    async def main() -> None:
        model = taking(1.0)
        gate = Gate(model, slot_count=0)
        async with desk(model, gate) as at:
            at.view("ada")
            await asyncio.sleep(1.0)
            at.view("ada")
            await asyncio.sleep(1.0)
            assert not model.calls
            gate.widen(1)
            await asyncio.sleep(0.1)
            (call,) = model.calls
            assert call.prompt == digest(dump(at.shoppers["ada"].session))
            await asyncio.sleep(5.0)
            assert len(model.calls) == 1
            assert at.latest()["ada"].position == "0:2:0"

    virtually(main)


def test_what_is_to_be_learned_is_learned_before_the_call() -> None:
    """The prompt has what happened while that took its time; who was handed over meanwhile is not called for."""

    async def main() -> None:
        model = taking(1.0)

        async def learn(_: Session) -> None:
            await asyncio.sleep(0.5)

        async with desk(model, learn=learn) as at:
            at.view("ada")
            await asyncio.sleep(0.3)
            at.view("ada")
            assert not model.calls
            await asyncio.sleep(0.5)
            (call,) = model.calls
            assert call.prompt == digest(dump(at.shoppers["ada"].session))
            at.view("ben")
            await asyncio.sleep(0.3)
            at.partition.ended = True
            await asyncio.sleep(0.5)
            assert len(model.calls) == 1

    virtually(main)


def test_waits_tell_backlog_and_limiter_apart() -> None:
    """The first in line waits for the limiter, those behind for the backlog first."""

    async def main() -> None:
        model = taking(1.0)
        async with desk(model, Gate(model, slot_count=1)) as at:
            for name in ("ada", "ben", "cleo"):
                at.view(name)
                await asyncio.sleep(0.01)
            await asyncio.sleep(5.0)
            waits = {name: intent.waits for name, intent in at.latest().items()}
            assert (waits["ada"].backlog_ms, waits["ada"].limiter_ms) == pytest.approx((0, 0), abs=5)
            assert (waits["ben"].backlog_ms, waits["ben"].limiter_ms) == pytest.approx((0, 990), abs=15)
            assert (waits["cleo"].backlog_ms, waits["cleo"].limiter_ms) == pytest.approx((980, 1_000), abs=15)
            assert waits["cleo"].decode_ms == pytest.approx(1_000, abs=15)

    virtually(main)


def test_a_place_is_free_again_before_the_intent_is_written() -> None:
    """The model does not wait for Redis."""

    async def main() -> None:
        model = taking(1.0)
        gate = Gate(model, slot_count=1)
        async with desk(model, gate) as at:
            at.store.down = True
            for name in ("ada", "ben", "cleo"):
                at.view(name)
            await asyncio.sleep(3.5)
            assert len(model.calls) == 3
            assert not gate.held
            assert at.meter.intents < 1
            at.store.down = False
            await asyncio.sleep(1.0)
            assert at.meter.intents == 3

    virtually(main)


def test_whatever_ends_a_call_gives_its_place_back() -> None:
    """An answer, an overload, a failure, a deadline, an answer that is no intent, a partition that goes."""
    turns = iter([
        Turn(), Turn(fault="overload"), Turn(fault="failure"), Turn(delay_s=30.0), Turn(("no intent",)),
        Turn(("no intent",)), *[Turn(delay_s=5.0)] * 20,
    ])  # fmt: skip

    async def main() -> None:
        model = ScriptedModel(lambda _: next(turns))
        gate = Gate(model, slot_count=6)
        async with desk(model, gate, rules=CallRules(deadline_s=10.0, max_in_flight=9)) as at:
            for number in range(6):
                at.view(f"s{number}")
                await asyncio.sleep(0.01)
            await asyncio.sleep(14.0)
            at.view("last")
            await asyncio.sleep(1.0)
            at.dispatch.abandon(at.partition)
            at.partition.end()
            await asyncio.sleep(60.0)
            assert not gate.held
            assert not model.running

    virtually(main)


def test_a_call_that_goes_with_its_partition_is_counted_once() -> None:
    """It has not ended yet when the partition goes, just after the time to finish it is over."""

    async def main() -> None:
        model = taking(5.0)
        async with desk(model) as at:
            at.view("ada")
            await asyncio.sleep(1.0)
            await at.dispatch.drain([at.partition], 0.5)
            at.dispatch.abandon(at.partition)
            at.partition.end()
            await asyncio.sleep(1.0)
            assert not model.running
            assert at.meter.dropped == 1

    virtually(main)


def test_a_shopper_taken_when_the_end_comes_gives_the_place_back() -> None:
    """Cancelled between the choice and the first step of its task."""

    async def main() -> None:
        model = taking(1.0)
        gate = Gate(model, slot_count=5)
        async with desk(model, gate) as at:
            for number in range(5):
                at.view(f"s{number}")
            while not gate.held:  # noqa: ASYNC110 # to the step, which no event tells
                await asyncio.sleep(0)
        assert not gate.held

    virtually(main)


def test_who_finds_no_place_of_theirs_is_passed_over_but_not_forgotten() -> None:
    """Those behind go first; the time that somebody is passed over is told to whoever gives places."""

    async def main() -> None:
        model = taking(0.1)
        gate = Gate(model, slot_count=2)
        gate.suits = lambda shopper: shopper != "ada"
        async with desk(model, gate) as at:
            at.view("ada")
            await asyncio.sleep(0.05)
            at.view("ben")
            at.view("cleo")
            await asyncio.sleep(1.0)
            assert [call.shopper for call in model.calls] == ["ben", "cleo"]
            waited = [(waited_s, passed_s) for shopper, waited_s, passed_s in gate.asked if shopper == "ada"]
            assert waited[0] == (0.0, 0.0)
            assert max(passed_s for _, passed_s in waited) > 0.8
            assert len(waited) < 130  # they are not looked at all the time
            gate.suits = lambda _: True
            await asyncio.sleep(0.3)
            assert [call.shopper for call in model.calls] == ["ben", "cleo", "ada"]

    virtually(main)


def pools(servers: list[QueueingServer]) -> PooledClient:
    by_name = {server.name: server for server in servers}
    return PooledClient(
        [Pool("gpus", tuple(Endpoint(url=f"http://{name}") for name in by_name))],
        lambda endpoint: by_name[endpoint.address],
    )


def test_a_dying_replica_loses_no_shopper() -> None:
    """Through backlog, limiter and router: when a replica dies under load and comes back, everybody has their intent,
    from the model."""

    async def main() -> None:
        servers = [QueueingServer(8, 0.5, name=f"gpu-{number}:1", seed=number) for number in range(3)]
        client = pools(servers)
        probing = asyncio.ensure_future(client.run())
        async with desk(client, client.slots("live", "v1"), rules=CallRules(give_up_s=600.0)) as at:
            for second in range(40):
                servers[1].fault = "away" if 10 <= second < 20 else ""
                for number in range(30):
                    at.view(f"s{second}-{number}")
                await asyncio.sleep(1.0)
            await asyncio.sleep(20.0)
            assert at.meter.intents >= 1_200
            assert all(shopper.clean for shopper in at.shoppers.values())
            assert not at.meter.rules_intents
            assert client.replicas[1].counts.ejections.total() == 1
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)
        assert all(replica.limiter.in_flight.total() == 0 for replica in client.replicas)

    virtually(main)


def test_under_overload_shoppers_keep_their_replicas() -> None:
    """Far more are due than there are places for: each place is given to one of its own shoppers, near the head."""

    async def main() -> None:
        servers = [QueueingServer(8, 0.5, name=f"gpu-{number}:1", seed=number) for number in range(4)]
        client = pools(servers)
        async with desk(client, client.slots("live", "v1")) as at:
            for second in range(60):
                for number in range(200):
                    at.view(f"s{number}")
                if second == 30:
                    before = {each.name: (each.counts.calls, each.counts.non_local) for each in client.replicas}
                await asyncio.sleep(1.0)
            calls = sum(each.counts.calls - before[each.name][0] for each in client.replicas)
            non_local = sum(each.counts.non_local - before[each.name][1] for each in client.replicas)
            assert calls > 0.9 * 30 * 64
            assert non_local < 0.1 * calls

    virtually(main)
