"""Shopper: the one in whose titles and searches texts are planted, on a worker's way from bytes to the intent."""

from dataclasses import dataclass
from typing import Any

from agents.worker.checkpoints import Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning, SessionQuestion
from agents.worker.shoppers import Shopper
from clients.calls import Completion
from penchant.settings.root import Settings
from prompts.compose import NO_WAITS
from prompts.tokens import estimate
from streams.errors import AnswerRefused
from streams.events.decoding import encode
from streams.events.dialects import dialect
from streams.events.event import Action, Item, ShopperEvent
from streams.records.intents import Intent
from streams.sessions.session import fold

ID = "audit"
KETTLE = Item("sku-1", "Quiet kettle, blue", "home/kitchen/kettles", "Fernhill", 89.0, "EUR")
OTHER = Item("sku-2", "Steel kettle", "home/kitchen/kettles", "Tarn", 60.0, "EUR")


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A record of the topic."""

    offset: int
    timestamp: int
    value: bytes
    key: bytes = ID.encode()
    headers: tuple[tuple[str, bytes | None], ...] = ()


class AuditedWorker:
    """Asks about the shopper as a worker with these settings would. `now_ms` stands still: only texts differ."""

    def __init__(self, settings: Settings, now_ms: int) -> None:
        self._settings, self._now_ms = settings, now_ms
        self._checkpoints = Checkpoints("audit", settings.intent, settings.session, lambda: now_ms, lineage=0)
        self._reasoning = Reasoning(
            settings.prompt.version, settings.prompts, settings.sampling, settings.prompt, estimate
        )

    def ask(self, title: str, query: str) -> SessionQuestion:
        """Searches, looks at kettles, sends one back, and looks at shoes of that title; as the worker reads it."""
        shopper = Shopper(ID, Partition(0, 1, 10.0))
        reader = dialect("native", privacy=self._settings.privacy)
        records = [ReadRecord(at, self._now_ms, encode(each)) for at, each in enumerate(self._story(title, query))]
        for offset, timestamp_ms, event in reader.decode(records).events:
            fold(shopper.session, event, offset, timestamp_ms, self._settings.session)
        return self._reasoning.ask(shopper.session, self._checkpoints.take(shopper))

    def intent(self, question: SessionQuestion, completion: Completion) -> Intent:
        """What would stand in Redis; the rules' intent where the answer is none."""
        try:
            answered = question.read(completion)
        except AnswerRefused:
            answered = None
        return question.compose(answered, NO_WAITS, self._now_ms)

    def _story(self, title: str, query: str) -> list[ShopperEvent]:
        shoes = Item("sku-3", title, "sport/shoes", "Ridge", 120.0, "EUR")
        did: list[tuple[Action, Any]] = [
            ("search", None), ("view", KETTLE), ("view", OTHER), ("cart_add", OTHER), ("view", shoes),
            ("cart_remove", OTHER), ("view", KETTLE), ("view", shoes),
        ]  # fmt: skip
        return [
            ShopperEvent(f"event-{number}", ID, action, self._now_ms - 60_000 + number, (item,) if item else (),
                         None if item else query)
            for number, (action, item) in enumerate(did)
        ]  # fmt: skip
