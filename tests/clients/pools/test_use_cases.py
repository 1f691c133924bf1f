"""Use cases: each call as its use case says, and counted by it."""

import asyncio

import pytest
from msgspec import structs

from clients.calls import Call, Class, Completion, Sampling
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.router import RoutingRules
from clients.pools.use_cases import UseCase, UseCaseClient
from penchant.settings.root import Settings
from penchant.worker.model_side import pools
from penchant.worker.use_cases import use_case_pools
from streams.errors import CallTooLong, ModelOverloaded, ModelUnavailable
from tests.clients.virtual import call, virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.scripted_calls import Turn


class Counting:
    """A model that says what it was asked, and what that cost."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.fails = False

    async def complete(self, asked: Call) -> Completion:
        """A hundred tokens in, ten out."""
        self.calls.append(asked)
        if self.fails:
            raise ModelUnavailable("gone")
        await asyncio.sleep(0.5)
        return Completion("yes", "fake", "fake", input_tokens=100, output_tokens=10, cached_tokens=40)

    async def probe(self) -> str:
        """Its name."""
        return "fake"

    async def close(self) -> None:
        """Nothing to close."""


def test_a_call_is_made_as_its_use_case_says() -> None:
    """Class, deadline and length; what is not said stays, and a deadline is never put off."""

    async def main() -> None:
        model = Counting()
        client = UseCaseClient("match", UseCase(traffic_class="realtime", deadline_s=2.0, max_tokens=5), model)
        now_s = asyncio.get_running_loop().time()
        await client.complete(call(now_s + 100.0))
        await client.complete(structs.replace(call(now_s + 1.0), max_tokens=1, temperature=0.3))
        first, second = model.calls
        assert (first.traffic_class, first.deadline_s, first.max_tokens) == ("realtime", now_s + 2.0, 5)
        assert (second.deadline_s, second.max_tokens, second.temperature) == (now_s + 1.0, 1, 0.3)
        assert UseCase().sampling(Sampling(seed=7)) == Sampling(seed=7)
        assert UseCase(temperature=0.5, max_tokens=9).sampling(Sampling(seed=7)) == Sampling(9, 0.5, 7)

    virtually(main)


def test_usage_is_counted_and_a_budget_kept() -> None:
    """Calls, failures, tokens and seconds; a call beyond the hour's tokens is refused with when to come again."""

    async def main() -> None:
        model = Counting()
        client = UseCaseClient("products", UseCase(budget_tokens_per_hour=200, max_input_tokens=2_000), model)
        for _ in range(2):
            await client.complete(call(100.0))
        with pytest.raises(ModelOverloaded) as refused:
            await client.complete(call(100.0))
        assert refused.value.retry_after_s is not None
        began_s = asyncio.get_running_loop().time()
        await client.budgeted()
        assert asyncio.get_running_loop().time() == pytest.approx(began_s + refused.value.retry_after_s)
        model.fails = True
        with pytest.raises(ModelUnavailable):
            await client.complete(call(10_000.0))
        with pytest.raises(CallTooLong):
            await client.complete(call(10_000.0, prompt="word " * 3_000))
        usage = client.usage
        assert (usage.calls, usage.failed, usage.refused) == (3, 1, 2)
        assert (usage.input_tokens, usage.cached_tokens, usage.output_tokens) == (200, 80, 20)
        assert usage.seconds == pytest.approx(1.0, abs=0.01)
        assert len(model.calls) == 3

    virtually(main)


LARGE, SMALL = Pool("large", (Endpoint(url="a:1", name="big"),)), Pool("small", (Endpoint(url="b:1"),))


def test_pools_go_to_the_use_case_that_names_them() -> None:
    """A pool that only another use case names makes no intents; a use case without pools has those of intents."""
    both = Settings(pools=(LARGE, SMALL), use_cases={"products": UseCase(pools=("large",), model="larger")})
    assert pools(both) == (SMALL,)
    [large] = use_case_pools(both, both.use_cases["products"])
    assert (large.name, large.endpoints[0].url, large.endpoints[0].name) == ("large", "a:1", "larger")
    assert use_case_pools(both, UseCase()) == (SMALL,)
    turned = Settings(pools=(LARGE, SMALL), use_cases={"intents": UseCase(pools=("small", "large"))})
    assert pools(turned) == (SMALL, LARGE)


def test_a_realtime_call_goes_where_least_runs() -> None:
    """Not to the shopper's own replica: it finds a slot there at once, and keeps no live call waiting."""

    async def main() -> None:
        models = {name: ScriptedModel(lambda _: Turn(("x",), 1.0), name=name) for name in ("a:1", "b:1", "c:1")}
        endpoints = tuple(Endpoint(url=name) for name in models)
        client = PooledClient((Pool("all", endpoints),), lambda each: models[each.address])
        busy = [asyncio.create_task(client.complete(call(100.0, f"s-{at}"))) for at in range(6)]
        await asyncio.sleep(0.1)
        load = {name: len(model.calls) for name, model in models.items()}
        asked = structs.replace(call(100.0, "ada"), traffic_class="realtime")
        await client.complete(asked)
        [chosen] = [name for name, model in models.items() if any(each.shopper == "ada" for each in model.calls)]
        assert load[chosen] == min(load.values())
        await asyncio.gather(*busy)
        await client.close()

    virtually(main)


def test_a_match_is_hedged_after_its_own_usual_time_and_within_its_own_budget() -> None:
    """Not after that of live calls, which take longer; at most one match in fifty; the loser is cancelled."""

    async def main() -> None:
        now, stalled = asyncio.get_running_loop().time, set[str]()

        def turn(asked: Call) -> Turn:
            if asked.id in stalled:
                stalled.discard(asked.id)  # the first server that is asked stalls, not the second
                return Turn(("x",), 5.0)
            return Turn(("x",), 3.0 if asked.traffic_class == "live" else 0.1)

        models = {name: ScriptedModel(turn, name=name) for name in ("a:1", "b:1")}
        pools = (Pool("all", tuple(Endpoint(url=name) for name in models)),)
        client = PooledClient(pools, lambda each: models[each.address], router=RoutingRules(hedging=True))

        async def took_s(number: int, traffic_class: Class) -> float:
            asked, began_s = call(number + 1e4, f"s-{number}", traffic_class), now()
            if traffic_class == "realtime" and number >= 60:
                stalled.add(asked.id)
            await client.complete(asked)
            return round(now() - began_s, 2)

        for number in range(60):
            await took_s(number, "live")
        for number in range(60):
            await took_s(number, "realtime")
        assert [await took_s(number, "realtime") for number in (60, 61)] == [0.2, 5.0]
        assert sum(model.cancelled for model in models.values()) == 1
        assert sum(each.counts.hedges for each in client.replicas) == 1
        await client.close()

    virtually(main)
