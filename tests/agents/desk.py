"""A desk: dispatch with everything around it in memory and in virtual time; shoppers are told one by one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

from agents.health.statistics import Meter
from agents.worker.asking import CallRules
from agents.worker.backlog import Backlog
from agents.worker.backlog_rules import BacklogRules
from agents.worker.build import Ports, StorePorts, build, everybody_alone
from agents.worker.dispatch import Dispatch, Learn, Traced
from agents.worker.partition import Partition
from agents.worker.routes import Route, Router, Slot, SlotSupplier
from agents.worker.shoppers import Shopper
from agents.worker.upkeep import UpkeepRules
from clients.calls import Call, Completion, ModelClient
from penchant.settings import Settings
from streams.events.decoding import Decoder
from streams.events.event import Action, Item, ShopperEvent
from streams.records.intents import Intent
from streams.sessions.session import SessionRules, fold
from streams.sessions.triggers import TriggerRules
from tests.fakes.no_letters import NoLetters
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason

EPOCH_MS = 1_700_000_000_000
AT_ONCE = TriggerRules(debounce_s=0.0, max_wait_s=1.0, max_events=50, min_interval_s=0.0)
KETTLE = Item("sku-1", "Kettle", "home/kettles", "Tarn", 60.0, "EUR")


class Gate:
    """Slots by hand: `places` at once. `held` are those that were not released."""

    def __init__(self, model: ModelClient, slot_count: int) -> None:
        self.model, self.slot_count = model, slot_count
        self.held: set[HandSlot] = set()
        self.asked: list[tuple[str, float, float]] = []
        self.suits: Callable[[str], bool] = lambda _: True
        self._changed: Callable[[], None] = lambda: None

    def listen(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def room(self) -> bool:
        return len(self.held) < self.slot_count

    def grant(self, shopper: str, waited_s: float, passed_s: float, *, urgent: bool = False) -> Slot | None:  # noqa: ARG002 # each is due alike
        self.asked.append((shopper, round(waited_s, 2), round(passed_s, 2)))
        if not self.room() or not self.suits(shopper):
            return None
        slot = HandSlot(self)
        self.held.add(slot)
        return slot

    def widen(self, slot_count: int) -> None:
        self.slot_count = slot_count
        self._changed()

    def give_back(self, slot: "HandSlot") -> None:
        self.held.discard(slot)
        self._changed()


class HandSlot:
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def complete(self, call: Call) -> Completion:
        return await self._gate.model.complete(call)

    def release(self) -> None:
        self._gate.give_back(self)


@dataclass
class Desk:
    """`view` tells an event of a shopper; intents are found in the store, the latest ones in the meter."""

    dispatch: Dispatch
    backlog: Backlog
    store: MemoryStore
    meter: Meter
    partition: Partition
    shoppers: dict[str, Shopper] = field(default_factory=dict)
    offset: int = 0

    def view(self, name: str, after_s: float = 0.0, *, action: Action = "view", call: bool = True) -> None:
        """An event came, so long after its append: the shopper is owed a call, or only parked."""
        shopper = self.shoppers.setdefault(name, Shopper(name, self.partition))
        self.partition.shoppers[name] = shopper
        self.offset += 1
        now_s = asyncio.get_running_loop().time()
        now_ms = EPOCH_MS + int(now_s * 1e3)
        event = ShopperEvent(f"e{self.offset}", name, action, now_ms, items=(KETTLE,))
        fold(shopper.session, event, self.offset, now_ms, SessionRules())
        self.backlog.note(shopper, now_s, action=action, call=call, appended_ms=now_ms - int(after_s * 1e3))
        self.dispatch.nudge()

    def latest(self) -> dict[str, Intent]:
        """The latest intents by shopper."""
        return {intent.shopper: intent for intent in self.meter.latest}


@asynccontextmanager
async def desk(
    model: ModelClient,
    slots: SlotSupplier | None = None,
    *,
    rules: CallRules | None = None,
    targets: BacklogRules | None = None,
    router: Callable[[Route], Router] = everybody_alone,
    learn: Learn | None = None,
    traced: Traced = nullcontext,
) -> AsyncIterator[Desk]:
    """A desk whose dispatch runs."""
    store, meter = MemoryStore(clock_ms), Meter()
    settings = Settings(
        triggers=AT_ONCE,
        backlog=targets or BacklogRules(freshness_target_s=60.0),
        calls=rules or CallRules(),
    )
    ports = Ports(
        kept=StorePorts(store=store, name="desk", clock_ms=clock_ms),
        letters=NoLetters(),
        decoder=Decoder(),
        reasoning=Reason(),
        slots=slots or UnlimitedSlots(model),
        meter=meter,
        router=router,
        learn=learn,
        traced=traced,
    )
    built = build(settings, ports, UpkeepRules())
    running = asyncio.ensure_future(built.dispatch.run())
    try:
        yield Desk(built.dispatch, built.memory.backlog, store, meter, Partition(0, 1, 0.0))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def clock_ms() -> int:
    """The loop's time as epoch milliseconds."""
    return EPOCH_MS + int(asyncio.get_running_loop().time() * 1e3)
