"""The way of a shopper's events to the bytes in Redis: decoded, folded, asked about, answered, grounded, written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson

from agents.worker.checkpoints import Checkpoint, Checkpoints
from agents.worker.partition import Partition
from agents.worker.reasoning import Reasoning, SessionQuestion
from agents.worker.shoppers import Shopper
from clients.calls import Completion, Sampling
from prompts.compose import NO_WAITS
from prompts.library import DEFAULT_PROMPTS
from storage.checkpoints import Verdict, Write
from storage.connection import Client
from storage.keys import Keys
from storage.writer import RedisCheckpoints
from streams.errors import AnswerRefused
from streams.events.decoding import Decoder, encode
from streams.events.event import Item, ShopperEvent
from streams.records.intents import IntentRules
from streams.sessions.session import SessionRules, fold

KETTLE = Item("sku-1", "Quiet kettle, blue", "home/kitchen/kettles", "Fernhill", 89.0, "EUR")
OTHER_KETTLE = Item("sku-2", "Steel kettle", "home/kitchen/kettles", "Tarn", 60.0, "EUR")
ID = "shopper-{:06d}"
BATCH = 256


@dataclass(frozen=True)
class Asked:
    """A shopper before the model, and what it is asked."""

    checkpoint: Checkpoint
    question: SessionQuestion
    prompt: str


def story(shopper: str, now_ms: int, title: str, query: str, shoes_id: str = "sku-3") -> list[ShopperEvent]:
    """Searches, looks at kettles, sends one back and looks at shoes of that title."""
    shoes = Item(shoes_id, title, "sport/shoes", "Ridge", 120.0, "EUR")
    did: list[tuple[Any, Item | None]] = [
        ("search", None), ("view", KETTLE), ("view", OTHER_KETTLE), ("cart_add", OTHER_KETTLE), ("view", shoes),
        ("cart_remove", OTHER_KETTLE), ("view", KETTLE), ("view", shoes),
    ]  # fmt: skip
    return [
        ShopperEvent(
            f"event-{number}",
            shopper,
            action,
            now_ms - 60_000 + number,
            (item,) if item else (),
            None if item else query,
        )
        for number, (action, item) in enumerate(did)
    ]


class Worker:
    """Puts one shopper after another through; `now_ms` stands still, so that only what differs differs."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._checkpoints = Checkpoints("w", IntentRules(), SessionRules(), lambda: now_ms, lineage=0)
        self._knowledge: dict[str, str] = {}
        self._reasoning = Reasoning("v4", DEFAULT_PROMPTS, Sampling(), about=self._about)
        self._decoder = Decoder()
        self._shoppers = 0

    def ask(self, title: str, query: str, about: str = "") -> Asked:
        """A shopper's events as bytes become a prompt; `about` is what the shop says of the shoes."""
        shopper = Shopper(ID.format(self._shoppers), Partition(0, 1, 10.0))
        self._shoppers += 1
        shoes_id = f"sku-3-{self._shoppers}"
        self._knowledge[shoes_id] = about
        events = story(shopper.id, self._now_ms, title, query, shoes_id)
        records = [
            SimpleNamespace(
                offset=at, timestamp=self._now_ms, key=each.shopper_id.encode(), value=encode(each), headers=()
            )
            for at, each in enumerate(events)
        ]
        decoded = self._decoder.decode(records)
        assert not decoded.refused
        for offset, timestamp_ms, event in decoded.events:
            fold(shopper.session, event, offset, timestamp_ms, SessionRules())
        checkpoint = self._checkpoints.take(shopper)
        question = self._reasoning.ask(shopper.session, checkpoint)
        return Asked(checkpoint, question, question.call(0.0).prompt)

    def write(self, asked: Asked, answer: str) -> Write:
        """The answer becomes what is to be written; the rules' intent where it is none, as when asked in vain."""
        try:
            answered = asked.question.read(Completion(answer, "worst", "here"))
        except AnswerRefused:
            answered = None
        intent = asked.question.compose(answered, NO_WAITS, self._now_ms)
        return self._checkpoints.write(asked.checkpoint, intent, owed=False)

    def _about(self, item_id: str) -> str:
        return self._knowledge.get(item_id, "")


class Store:
    """A namespace of a real redis-server."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._keys = client, Keys(namespace)
        self._store = RedisCheckpoints(client, self._keys, 60.0)

    async def stored(self, writes: Sequence[Write]) -> list[dict[bytes, bytes]]:
        """Write them all, and read back what rankers would, with one name for all shoppers."""
        found = []
        for first in range(0, len(writes), BATCH):
            some = writes[first : first + BATCH]
            assert set(await self._store.write(some)) == {Verdict.ACCEPTED}
            async with self._client.pipeline(transaction=False) as pipeline:
                for write in some:
                    pipeline.hgetall(self._keys.intent(write.context.shopper))
                hashes = await pipeline.execute()
            for write, each in zip(some, hashes, strict=True):
                name = write.context.shopper.encode()
                found.append({field: value.replace(name, b"shopper") for field, value in each.items()})
        return found


def intent_doc(stored: dict[bytes, bytes]) -> dict[str, Any]:
    """The whole intent."""
    doc: dict[str, Any] = orjson.loads(stored[b"doc"])
    return doc


def without_text(stored: dict[bytes, bytes]) -> dict[bytes, bytes]:
    """The hash with the bounded text out of its document, to the byte: the mission in words, and the attributes."""
    doc = intent_doc(stored)
    doc["mission"]["text"], doc["attributes"] = "", []
    return stored | {b"doc": orjson.dumps(doc)}


Model = Callable[[str], str]
