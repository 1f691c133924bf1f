"""Impressions: each counts for its arm by what its shopper opened in time, or is left out for a reason."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import orjson

from agents.experiments.active_experiments import ActiveExperiments
from agents.experiments.assignment import Arm, Experiment
from agents.experiments.lift import IMPRESSIONS
from agents.experiments.outcomes import Outcomes
from agents.health.statistics import Meter
from agents.worker.impressions import RETRY_S, Impressions
from storage.checkpoints import Context, Erased
from streams.errors import BrokerUnavailable, StoreCorrupt, StoreUnavailable, TopicMissing
from streams.events.decoding import Record
from streams.events.event import Action, Consent, Item, ShopperEvent
from streams.records.erasures import Erasure
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold
from tests.clients.virtual import virtually

NOW_MS = 1_790_000_000_000
WITHIN_S = 600.0
TRIED = Experiment("x", (Arm("all", 100.0),))


def shown(who: str, *products: str, after_s: float = 0.0, **more: Any) -> Any:
    """An impression of now, or of some seconds later."""
    told = {"shopper_id": who, "products": products, "time_ms": NOW_MS + round(after_s * 1e3)} | more
    return SimpleNamespace(offset=0, timestamp=NOW_MS, key=who.encode(), value=orjson.dumps(told), headers=())


def context(who: str, *done: tuple[float, Action, str], consent: Consent | None = None) -> Context:
    """A session, stored: when, in seconds from now, what, and with which product."""
    session = Session()
    for offset, (at_s, action, product) in enumerate(done):
        at_ms = NOW_MS + round(at_s * 1e3)
        event = ShopperEvent(f"e{offset}", who, action, at_ms, items=(Item(product),), consent=consent)
        fold(session, event, offset, at_ms, SessionRules())
    return Context(who, Position(0, len(done), 0), 0, "w:1", dump(session))


class Store:
    """What is stored; `errors` are raised first, those of `corrupt` shoppers always."""

    def __init__(self, *stored: Context | Erased, corrupt: Sequence[str] = ()) -> None:
        self.stored = {each.shopper: each for each in stored}
        self.corrupt = corrupt
        self.errors: list[Exception] = []

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        if self.errors:
            raise self.errors.pop(0)
        if wrong := set(shoppers) & set(self.corrupt):
            raise StoreCorrupt(wrong.pop(), "no context")
        return [self.stored.get(each) for each in shoppers]


def counting(store: Store, *, in_force: bool = True, source: Any = None, purposes: Sequence[str] | None = None) -> Any:
    """Impressions, and what they count."""
    active, outcomes, meter = ActiveExperiments([TRIED]), Outcomes(), Meter()
    if in_force:
        active.learn({})
    return Impressions(source, store.load, active, outcomes, meter, WITHIN_S, purposes), outcomes, meter


def counted(store: Store, *records: Record, **given: Any) -> tuple[dict[str, int], dict[str, int]]:
    impressions, outcomes, meter = counting(store, **given)
    asyncio.run(impressions.take(records))
    counts = {what: count for (_, what), count in outcomes.take_sessions().items() if count}
    return counts, dict(meter.impressions_left_out)


def test_a_product_counts_that_was_opened_in_time() -> None:
    """Viewed or clicked after it was shown and before the time is over; what was put in the cart alone was not, nor
    what nobody was shown."""
    store = Store(context(
        "ada", (-5.0, "view", "early"), (1.0, "click", "kettle"), (2.0, "cart_add", "carted"), (3.0, "view", "other"),
        (601.0, "view", "late"),
    ))  # fmt: skip
    found, left = counted(store, shown("ada", "early", "late", "kettle", "carted"))
    assert found == {"impressions": 1, "clicked_through": 1, "intents_used": 1, "products_shown": 4,
                     "products_opened": 1, "positions_opened": 3}  # fmt: skip
    assert not left
    assert set(found) <= set(IMPRESSIONS)


def test_what_was_not_opened_counts_too() -> None:
    """And that no intent was used."""
    store = Store(context("ada", (-1.0, "view", "kettle")), context("ben", (-1.0, "view", "kettle")))
    found, _ = counted(store, shown("ada", "kettle"), shown("ben", "kettle", used=False))
    assert found == {"impressions": 2, "intents_used": 1, "products_shown": 2}


def test_who_is_not_known_counts_for_nothing() -> None:
    """No session, one that began later, one that has dropped its rows of then, and one that cannot be read."""
    many: list[tuple[float, Action, str]] = [(at * 1.0, "view", f"p{at}") for at in range(70)]
    store = Store(
        context("later", (700.0, "view", "kettle")),
        context("long", *many),
        replace(context("torn", (0.0, "view", "kettle")), session=b"torn"),
        context("fine", (0.0, "view", "kettle")),
        corrupt=["bad"],
    )
    found, left = counted(store, *(shown(who, "kettle") for who in ("eve", "later", "long", "torn", "bad", "fine")))
    assert (found["impressions"], left) == (1, {"unknown": 5})


def test_who_was_erased_or_does_not_agree_counts_for_nothing() -> None:
    """What was shown after an erasure counts again, unless they opted out."""
    erased = Erasure("ben", NOW_MS, 0, ())
    store = Store(
        Erased("ada", 1),
        replace(context("ben", (1.0, "view", "kettle")), marker=erased),
        replace(context("cleo", (1.0, "view", "kettle")), marker=erased._replace(shopper="cleo", opted_out=True)),
        context("dora", (1.0, "view", "kettle"), consent=Consent(personalisation=False)),
    )
    records = [shown("ada", "kettle"), shown("ben", "kettle"), shown("ben", "kettle", after_s=0.5),
               shown("cleo", "kettle", after_s=0.5), shown("dora", "kettle")]  # fmt: skip
    found, left = counted(store, *records)
    assert (found["impressions"], left) == (1, {"erased": 3, "no_consent": 1})


def test_who_did_not_say_agrees_as_by_default() -> None:
    """Here to nothing."""
    found, left = counted(Store(context("ada", (1.0, "view", "kettle"))), shown("ada", "kettle"), purposes=())
    assert (found, left) == ({}, {"no_consent": 1})


def test_a_record_that_is_none_is_left_out() -> None:
    """By its reason; the others count."""
    wrong = shown("ada", "kettle")
    wrong.value = b"{"
    found, left = counted(Store(context("ada", (1.0, "view", "kettle"))), wrong, shown("ada", "kettle"), wrong)
    assert (found["impressions"], left) == (1, {"json": 2})


def test_nothing_is_counted_while_no_experiment_is_in_force() -> None:
    """Nor is anything loaded for it."""
    store = Store()
    store.errors.append(StoreUnavailable("nobody asks"))
    assert counted(store, shown("ada", "kettle"), in_force=False) == ({}, {})


class Topic:
    """A topic that is missing, then away, and then has two batches; what was committed of it."""

    def __init__(self, *batches: Sequence[Record]) -> None:
        self.batches, self.away, self.committed = [*batches], 2, 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Topic"]:
        if self.away:
            self.away -= 1
            raise TopicMissing("the topic is not there yet") if self.away else BrokerUnavailable("Kafka is away")
        self.at = self.committed
        yield self

    async def due(self) -> Sequence[Record]:
        await asyncio.sleep(1.0)
        self.at += 1
        return self.batches[self.at - 1] if self.at <= len(self.batches) else []

    async def commit(self) -> None:
        self.committed = min(self.at, len(self.batches))


def test_it_waits_for_kafka_and_redis_and_goes_on_where_it_was() -> None:
    """A batch whose sessions cannot be loaded is not committed, and is read again; a fault ends nothing."""

    async def main() -> None:
        store = Store(context("ada", (1.0, "view", "kettle")))
        store.errors += [StoreUnavailable("away"), KeyError("a fault")]
        topic = Topic([shown("ada", "kettle")], [shown("ada", "kettle"), shown("ada", "teapot")])
        impressions, outcomes, meter = counting(store, source=topic.open)
        running = asyncio.create_task(impressions.run())
        await asyncio.sleep(RETRY_S * 8)
        running.cancel()
        assert topic.committed == 2
        assert outcomes.totals["x", "all"]["impressions"] == 3
        assert meter.faults == {("impressions", "KeyError"): 1}

    virtually(main)
