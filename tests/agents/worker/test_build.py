"""What the parts of a worker are put together from."""

from agents.health.statistics import Meter
from agents.worker.build import Ports, StorePorts, build
from agents.worker.erasures import Erasures
from agents.worker.upkeep import UpkeepRules
from penchant.settings.root import Settings
from streams.events.decoding import Decoder
from tests.fakes.erasure_topic import MemoryErasures
from tests.fakes.model import ScriptedModel
from tests.fakes.no_letters import NoLetters
from tests.fakes.scripted_calls import Turn
from tests.fakes.store import MemoryStore
from tests.fakes.unlimited_slots import UnlimitedSlots
from tests.simulation.reason import Reason


class Asked(Erasures):
    """Nobody was erased so far."""

    asked = 0

    async def incarnation(self) -> str:
        self.asked += 1
        return "one"


async def test_the_store_is_looked_at_by_those_who_know_the_erasures() -> None:
    """Also before the first erasure: a store that lost what it was told is told anew."""
    store = MemoryStore(lambda: 0)
    erasures = Asked(store, store, 0, MemoryErasures())
    ports = Ports(
        kept=StorePorts(store=store, name="w", clock_ms=lambda: 0), letters=NoLetters(), decoder=Decoder(),
        reasoning=Reason(), slots=UnlimitedSlots(ScriptedModel(lambda _: Turn())), meter=Meter(), erasures=erasures,
    )  # fmt: skip
    await build(Settings(), ports, UpkeepRules()).enrichment.look_at_store()
    assert (len(erasures), erasures.asked) == (0, 1)
