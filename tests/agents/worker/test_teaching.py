"""What ingest hands on to be counted, and what an intent says of the counts that it used."""

from collections.abc import Mapping, Sequence

import pytest

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.checkpoints import Checkpoints
from agents.worker.ingest import Ingest
from agents.worker.ingest_share import IngestCpuShare
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning
from agents.worker.recall import Recall
from agents.worker.refusals import Refusals
from agents.worker.shoppers import Shopper
from agents.worker.slices import SliceRules
from clients.calls import Sampling
from prompts.compose import NO_WAITS
from prompts.learned.foresight import Foresight
from prompts.learned.snapshot import snapshot
from prompts.library import DEFAULT_PROMPTS
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import Item, ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.records.dead_letters import DeadLetter, LimitRules
from streams.records.intents import Intent, IntentRules
from streams.sessions.session import Session, SessionRules
from streams.sessions.triggers import TriggerRules
from tests.agents.worker.test_ingest import Record
from tests.fakes.store import MemoryStore
from tests.prompts.learned.stream import START_MS, crowd, taught, totals
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES, TOASTER, shopper

TEST = Item("sku-31", "Pregnancy test, 2 pieces", "health/pregnancy-tests", "Fernhill", 9.0, "EUR")


class NoLetters:
    """Nothing is refused here."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        raise AssertionError(letters)


async def lessons_of(*events: ShopperEvent, opted_out: str | None = None) -> list[tuple[str, str]]:
    """Who taught by which product, in the order of ingest."""
    said: list[tuple[str, str]] = []

    def hear(_: Partition, event: ShopperEvent, __: Session) -> None:
        said.append((event.shopper_id, event.items[0].id))

    meter, store = Meter(), MemoryStore(lambda: 0)
    backlog, partition = Backlog(TriggerRules(), BacklogRules()), Partition(0, epoch=1, commit_lag_s=0.0)
    if opted_out:
        partition.opted_out[opted_out] = None
    ingest = Ingest(
        backlog, Recall(store, store, backlog, lineage=0), Refusals(NoLetters(), LimitRules(), meter), meter,
        decoder=dialect("native", keyed=True, privacy=PrivacyRules()), session=SessionRules(), slices=SliceRules(),
        ingest_share=IngestCpuShare(), entered=[hear],
    )  # fmt: skip
    records = [Record(at, encode(event), event.shopper_id.encode(), START_MS) for at, event in enumerate(events)]
    await ingest.batch(partition, "shop", records)
    return said


def view(number: int, item: Item, who: str = "ada") -> ShopperEvent:
    """One look."""
    return ShopperEvent(f"event-{number}", who, "view", START_MS + number, (item,))


async def test_every_event_that_folds_teaches_once() -> None:
    """A duplicate teaches nothing."""
    said = await lessons_of(view(1, KETTLE), view(1, KETTLE), view(2, SHOES), view(3, SHOES, "bob"))
    assert said == [("ada", "sku-1"), ("ada", "sku-5"), ("bob", "sku-5")]


async def test_who_opted_out_teaches_nothing() -> None:
    """Not even an event of theirs is handed on."""
    assert await lessons_of(view(1, KETTLE), view(2, SHOES, "bob"), opted_out="ada") == [("bob", "sku-5")]


async def test_what_is_sensitive_teaches_nothing() -> None:
    """Neither by itself nor as what another product came after."""
    assert await lessons_of(view(1, KETTLE), view(2, TEST), view(3, SHOES)) == [("ada", "sku-1"), ("ada", "sku-5")]


def intent_of(session: Session, learned: Foresight | None) -> Intent:
    """The rules' intent."""
    owner = Shopper("ada", Partition(0, 1, 10.0))
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(owner)
    reasoning = Reasoning("v1", DEFAULT_PROMPTS, Sampling(), learned=lambda: learned)
    return reasoning.ask(session, checkpoint).compose(None, NO_WAITS, 0)


def test_an_intent_names_the_snapshot_that_it_used() -> None:
    """A function of the session and that snapshot: made again it is the same, and without one it says so."""
    session = shopper(("view", KETTLE), ("view", OTHER_KETTLE))
    learned = snapshot(totals(taught(crowd("x", 60, [KETTLE, SHOES]) + crowd("y", 90, [KETTLE, TOASTER]))), START_MS)
    plain, made = intent_of(session, None), intent_of(session, Foresight(learned))
    assert (plain.learned, plain.inferred) == ("", ())
    assert made.learned == learned.name
    assert "sport/shoes" in made.inferred
    assert made == intent_of(session, Foresight(learned))


@pytest.mark.parametrize("later", [True, False])
def test_a_question_keeps_its_snapshot(later: bool) -> None:  # noqa: FBT001 # a parameter of the test
    """A snapshot that comes while a call runs counts for the next question."""
    session = shopper(("view", KETTLE), ("view", OTHER_KETTLE))
    learned = Foresight(snapshot(totals(taught(crowd("x", 60, [KETTLE, SHOES]))), START_MS))
    held: list[Foresight | None] = [None if later else learned]
    owner = Shopper("ada", Partition(0, 1, 10.0))
    checkpoint = Checkpoints("w", IntentRules(), SessionRules(), lambda: 0, lineage=0).take(owner)
    question = Reasoning("v1", DEFAULT_PROMPTS, Sampling(), learned=lambda: held[0]).ask(session, checkpoint)
    held[0] = learned if later else None
    assert question.compose(None, NO_WAITS, 0).learned == ("" if later else learned.learned.name)
