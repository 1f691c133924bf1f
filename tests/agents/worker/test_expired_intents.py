"""Intents that nobody could read any more: no call is made for them, and they are counted apart."""

import asyncio
from dataclasses import dataclass

from structlog.testing import capture_logs

from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, build
from agents.worker.partition import Partition
from agents.worker.shoppers import Shopper
from agents.worker.upkeep import UpkeepRules
from penchant.settings.root import Settings
from storage.checkpoints import Context
from streams.events.decoding import Decoder, encode
from streams.events.event import ShopperEvent
from streams.sessions.session import SessionRules, fold
from tests.agents.desk import AT_ONCE, EPOCH_MS, KETTLE, Gate, clock_ms, desk
from tests.clients.virtual import virtually
from tests.fakes.model import ScriptedModel
from tests.fakes.no_letters import NoLetters
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Record:
    offset: int
    key: bytes
    value: bytes
    timestamp: int
    headers: tuple[tuple[str, bytes | None], ...] = ()


def viewed(offset: int, name: str, time_ms: int) -> Record:
    event = ShopperEvent(f"e{offset}", name, "view", time_ms, items=(KETTLE,))
    return Record(offset, name.encode(), encode(event), time_ms)


def test_events_past_their_intents_time_cost_no_call() -> None:
    """A first start on a topic with history: the sessions are stored, and whoever is still there is asked about."""

    async def main() -> None:
        model, store, meter = ScriptedModel(lambda _: Turn()), MemoryStore(clock_ms), Meter()
        ports = Ports(
            kept=StorePorts(store=store, name="w", clock_ms=clock_ms), letters=NoLetters(), decoder=Decoder(),
            reasoning=Reason(), slots=UnlimitedSlots(model), meter=meter,
        )  # fmt: skip
        built, home = build(Settings(triggers=AT_ONCE), ports, UpkeepRules()), Partition(0, 1, 0.0)
        old = [viewed(offset, f"s{offset % 6}", EPOCH_MS - 3 * DAY_MS + offset) for offset in range(12)]
        new = [viewed(12, "s0", EPOCH_MS), viewed(13, "late", EPOCH_MS)]
        running = asyncio.ensure_future(built.dispatch.run())
        with capture_logs() as lines:
            await built.ingest.batch(home, "events", [*old, *new])
            await asyncio.sleep(5.0)
            await built.parking.quiet()
            await asyncio.sleep(1.0)
        running.cancel()
        assert (len(model.calls), meter.intents, meter.expired) == (2, 2, 5)
        assert len(meter.freshness_ms) == 2
        assert meter.contexts_missed == 6
        assert [line["event"] for line in lines].count("intents.expired") == 1
        contexts = await store.load([f"s{number}" for number in range(6)])
        assert all(isinstance(context, Context) for context in contexts)
        assert home.ledger.uncovered() == 14

    virtually(main)


def test_what_expires_while_it_waits_costs_no_call() -> None:
    """It was owed while an intent of it could still be read, and its turn comes too late."""

    async def main() -> None:
        model = ScriptedModel(lambda _: Turn())
        gate = Gate(model, slot_count=1)
        async with desk(model, gate) as at:
            ada = at.shoppers["ada"] = at.partition.shoppers["ada"] = Shopper("ada", at.partition)
            event = ShopperEvent("e0", "ada", "view", clock_ms() - DAY_MS, items=(KETTLE,))
            fold(ada.session, event, 0, event.time_ms, SessionRules())
            at.backlog.note(ada, 0.0, action="view", call=True, appended_ms=event.time_ms)
            await asyncio.sleep(2.0)
            assert (len(model.calls), at.meter.intents, at.meter.expired) == (0, 0, 1)
            assert not gate.held
            assert ada.clean
            at.view("ada")
            await asyncio.sleep(5.0)
            assert (len(model.calls), at.meter.intents, at.meter.expired) == (1, 1, 1)

    virtually(main)
