"""Golden session: a shopper whom every model server is asked about in the same words, to compare their answers."""

from collections.abc import Callable, Hashable

from msgspec import structs

from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Reasoning, SessionQuestion
from clients.calls import Call, Completion
from clients.pools.client import PooledClient
from clients.pools.golden import GoldenRules, GoldenWatch
from penchant.settings.root import Settings
from storage.checkpoints import Context
from streams.errors import AnswerRefused
from streams.events.event import Action, Item, ShopperEvent
from streams.sessions.packing import dump
from streams.sessions.positions import Position
from streams.sessions.session import Session, SessionRules, fold

ID, AT_MS = "golden", 1_700_000_000_000
KETTLE = Item("sku-1", "Quiet kettle, blue", "home/kitchen/kettles", "Fernhill", 89.0, "EUR")
OTHER = Item("sku-2", "Steel kettle", "home/kitchen/kettles", "Tarn", 60.0, "EUR")
SHOES = Item("sku-3", "Trail shoes", "sport/shoes", "Ridge", 120.0, "EUR")
STORY: tuple[tuple[Action, Item], ...] = (
    ("view", KETTLE), ("view", OTHER), ("cart_add", OTHER), ("view", SHOES), ("cart_remove", OTHER), ("view", KETTLE),
)  # fmt: skip


class GoldenSession:
    """The question. What is compared is grounded in the session; words and confidence may differ with the batch."""

    def __init__(self, reasoning: Reasoning) -> None:
        self._question = _asked(reasoning)

    def call(self, deadline_s: float) -> Call:
        """At temperature 0, of nobody."""
        return structs.replace(self._question.call(deadline_s), id=ID, shopper="", temperature=0.0, seed=0)

    def fields(self, completion: Completion) -> Hashable:
        """Mission, and categories and brands by their weight; of an answer that is no intent, that."""
        try:
            findings = self._question.read(completion).findings
        except AnswerRefused as error:
            return error.reason
        if findings is None:
            return "abstained"
        names = (tuple(each.name for each in some) for some in (findings.categories, findings.brands))
        return (findings.mission.label, *names)


def golden_watch_of(
    settings: Settings, pools: PooledClient, reasoning: Reasoning, workers: Callable[[], int]
) -> GoldenWatch | None:
    """The watch over everybody's servers, where it is wanted."""
    if not settings.routing.golden_every_s:
        return None
    rules = GoldenRules(settings.routing.golden_every_s)
    return GoldenWatch(pools.router.registry, lambda: GoldenSession(reasoning), rules, workers)


def _asked(reasoning: Reasoning) -> SessionQuestion:
    session = Session()
    for offset, (action, item) in enumerate(STORY):
        event = ShopperEvent(f"event-{offset}", ID, action, AT_MS + offset, (item,))
        fold(session, event, offset, AT_MS + offset, SessionRules())
    context = Context(ID, Position(0, session.folded, 0), 0, ID, dump(session), 0)
    return reasoning.ask(session, Checkpoint(context, session.last_ms))
