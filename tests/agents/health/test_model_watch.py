"""Model watch: a model that comes late, goes, and comes back without a call."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agents.health.model_watch import ModelWatch
from agents.health.statistics import Meter
from clients.limits.circuit_breaker import CircuitBreaker
from streams.errors import ContractMismatch
from tests.fakes.model import ScriptedModel
from tests.until import until

QUICK_S = 0.001


@asynccontextmanager
async def watching(model: ScriptedModel, circuit_breaker: CircuitBreaker, meter: Meter) -> AsyncIterator[ModelWatch]:
    """A watch that has begun and runs."""
    watch = ModelWatch(model, circuit_breaker, meter)
    await watch.begin()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(watch.run(QUICK_S))
        yield watch
        running.cancel()


async def test_a_model_that_is_there() -> None:
    """It is named, and not away."""
    async with watching(ScriptedModel(), CircuitBreaker(), Meter()) as watch:
        assert (watch.found, watch.away) == ("scripted model scripted", None)


async def test_a_model_that_is_away_at_the_start_stops_nothing() -> None:
    """It counts as away, with the reason; no call is admitted at once; and without any it is found when it comes."""
    model, circuit_breaker = ScriptedModel(), CircuitBreaker()
    model.away = True
    async with watching(model, circuit_breaker, Meter()) as watch:
        assert watch.away == "scripted is away"
        assert not circuit_breaker.admit(asyncio.get_running_loop().time())
        model.away = False
        await until(lambda: watch.away is None)
        assert watch.found == "scripted model scripted"
        assert not circuit_breaker.away


async def test_a_mismatch_at_the_start_is_raised() -> None:
    """There is no use in going on."""
    model = ScriptedModel()
    model.mismatch = "expected this, found that"
    with pytest.raises(ContractMismatch):
        await ModelWatch(model, CircuitBreaker(), Meter()).begin()


async def test_a_mismatch_of_a_model_that_comes_late_is_raised() -> None:
    """The first answer counts, whenever it comes, also while calls to it fail."""
    model, meter = ScriptedModel(), Meter()
    model.away, model.mismatch = True, "expected this, found that"
    watch = ModelWatch(model, CircuitBreaker(), meter)
    await watch.begin()
    running = asyncio.create_task(watch.run(QUICK_S))
    await asyncio.sleep(10 * QUICK_S)
    assert not running.done()
    model.away = False
    while not running.done():
        meter.call_failures += 1
        await asyncio.sleep(QUICK_S / 10)
    with pytest.raises(ContractMismatch):
        running.result()


async def test_a_later_mismatch_is_an_outage() -> None:
    """Once found, another model under its name is a reason to wait for the right one."""
    model, circuit_breaker = ScriptedModel(), CircuitBreaker()
    async with watching(model, circuit_breaker, Meter()) as watch:
        model.mismatch = "expected this, found that"
        circuit_breaker.trip(0.0)
        await until(lambda: watch.away == "expected this, found that\n  remedy: change what the test expects")
        model.mismatch = ""
        await until(lambda: watch.away is None)


async def test_while_calls_fail_nobody_else_asks() -> None:
    """A server whose metadata are fine and whose calls are not stays away for as long as calls say so."""
    model, circuit_breaker, meter = ScriptedModel(), CircuitBreaker(), Meter()
    async with watching(model, circuit_breaker, meter) as watch:
        circuit_breaker.trip(0.0)
        for _ in range(50):
            meter.call_failures += 1
            await asyncio.sleep(QUICK_S / 10)
            assert watch.away == "calls fail"
        await until(lambda: watch.away is None)
