"""The boundary: whatever a call, a write or a letter raises, and wherever, ends no worker and loses nobody."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from agents.health.statistics import Meter
from agents.worker.boundary import Verb, judge
from streams.errors import LineageMismatch
from tests.agents.awaits import Raiser, places, raising
from tests.agents.errand import Errand
from tests.clients.virtual import virtually

WORKER = ("dispatch", "asking", "delivery", "owed_set", "parking", "refusals", "shadow", "history", "write_verdicts",
          "answer_samples")  # fmt: skip
POOLS = ("router", "replicas", "limiter", "hedging")
MODULES = (
    *(f"agents.worker.{each}" for each in WORKER),
    "storage.gather",
    *(f"clients.pools.{each}" for each in POOLS),
)

NO_WORK = frozenset({
    "agents.worker.dispatch:Dispatch.run", "agents.worker.dispatch:Dispatch._next",
    "agents.worker.dispatch:Dispatch.drain", "agents.worker.shadow:Shadow.run",
    "agents.worker.answer_samples:AnswerSamples.run", "storage.gather:GatheringWriter.close",
    "clients.pools.limiter:Limiter.slot", "agents.worker.refusals:Refusals.room",
})  # fmt: skip
"""Loops that wait for work and do none, ends of a worker, and clients that are used without a pool: what is raised
there belongs to no call, write or letter."""

PLACES = [place for place in places(MODULES) if ":".join(place.split(":")[:2]) not in NO_WORK]

SEARCHED = "what ada@example.org searched for"
FAULTS: tuple[Callable[[], Exception], ...] = (
    lambda: KeyError(SEARCHED),
    lambda: UnicodeDecodeError("charmap", b"\xff", 0, 1, SEARCHED),
    lambda: ExceptionGroup(SEARCHED, [AttributeError(SEARCHED)]),
)


def errand(raiser: Raiser, *, again: bool = False) -> tuple[Errand, BaseException | None]:
    """One with exceptions on its way, until ten minutes have passed; what ended its worker, if anything did. With
    `again` everybody does something once more."""

    async def main() -> tuple[Errand, BaseException | None]:
        at = Errand()
        running = asyncio.ensure_future(at.run())
        with raising(MODULES, raiser):
            leading = asyncio.ensure_future(at.lead())
            await asyncio.wait([running, leading], timeout=600.0, return_when=asyncio.FIRST_COMPLETED)
            raiser.disarm()
            if not running.done() and not leading.done():
                await asyncio.wait([running, leading], return_when=asyncio.FIRST_COMPLETED)
            ended = running.exception() if running.done() else leading.exception() if leading.done() else None
            if ended is None and again:
                at.view(*at.partition.shoppers)
                await asyncio.sleep(120.0)
            for task in (running, leading):
                task.cancel()
            await asyncio.gather(running, leading, return_exceptions=True)
        return at, ended

    return virtually(main)


def some(places: list[str]) -> list[Any]:
    """Every fifth place for make test, all of them for make test-slow."""
    return [pytest.param(place, marks=[pytest.mark.slow] if at % 5 else []) for at, place in enumerate(places)]


def test_an_errand_ends_well() -> None:
    """By itself, with nothing raised."""
    at, ended = errand(Raiser("nowhere", KeyError(), before=True))
    assert ended is None
    assert at.unsettled() == []
    assert not at.meter.faults


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", some(PLACES))
def test_no_exception_of_ours_ends_a_worker(place: str, when: str) -> None:
    """At each await once, before what is awaited or after it: all is settled in the end, by itself. An await that the
    errand does not come by fails this test: lead it there."""
    raiser = Raiser(place, FAULTS[len(place) % len(FAULTS)](), before=when == "before")
    at, ended = errand(raiser)
    assert raiser.raised == 1, "the errand never comes here"
    assert ended is None
    assert at.unsettled() == []
    assert not at.meter.given_up


@pytest.mark.parametrize("place", some(PLACES))
def test_a_stray_cancellation_ends_nothing(place: str) -> None:
    """A library that cancels what we wait for has cancelled none of our work: it is done again, at each await."""
    raiser = Raiser(place, asyncio.CancelledError(), before=True)
    at, ended = errand(raiser)
    assert raiser.raised == 1, "the errand never comes here"
    assert ended is None
    assert at.unsettled() == []


@pytest.mark.slow
@pytest.mark.parametrize("place", some([place for place in PLACES if ":asyncio.sleep" not in place]))
def test_what_always_fails_is_done_without(place: str) -> None:
    """However often it is raised there no worker ends, and once it is raised no more the next events settle all."""
    at, ended = errand(Raiser(place, KeyError(SEARCHED), before=True, always=True), again=True)
    assert ended is None
    assert at.unsettled() == []


@pytest.mark.slow
@pytest.mark.parametrize("place", some(PLACES))
def test_stop_passes(place: str) -> None:
    """What says that the worker is to end is told to whoever runs it, wherever it comes from."""
    _, ended = errand(Raiser(place, LineageMismatch("the topic was re-created"), before=True))
    assert stops(ended)


def stops(error: BaseException | None) -> bool:
    """Whether it is a Stop, in groups or by itself."""
    if isinstance(error, BaseExceptionGroup):
        return any(map(stops, error.exceptions))
    return isinstance(error, LineageMismatch)


async def test_a_fault_is_told_once_and_without_anybody_in_it() -> None:
    """Its kind, the work and where it was; its message, which may quote a shopper, only at debug."""
    meter = Meter()
    with pytest.raises(KeyError) as raised:
        dict[str, int]()[SEARCHED]
    with capture_logs() as lines:
        verbs = [judge(raised.value, "call", meter) for _ in range(3)]
    assert verbs == [Verb.FAULT] * 3
    told = [line for line in lines if line["log_level"] != "debug"]
    assert [(line["event"], line["work"], line["kind"]) for line in told] == [("fault", "call", "KeyError")]
    assert "test_boundary.py" in told[0]["where"]
    assert SEARCHED not in str(told)
    assert meter.faults == {("call", "KeyError"): 3}


def test_a_session_that_cannot_be_stored_holds_up_nobody() -> None:
    """After nine tries, while others are stored, the shopper is given up: the commit goes on, and the next event begins
    from what is stored."""

    async def main() -> None:
        at = Errand()
        running = asyncio.ensure_future(at.run())
        at.view("ada", "ben")
        at.partition.shoppers["ada"].session.event_ids[0] = "half of an emoji: \ud83d"
        for _ in range(60):
            await asyncio.sleep(5.0)
            at.view("ben")
        assert not running.done()
        assert "ada" not in at.partition.shoppers
        assert at.meter.given_up == 1
        head = at.partition.ledger.head()
        assert head is None or head.holder is at.partition.shoppers["ben"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    virtually(main)
