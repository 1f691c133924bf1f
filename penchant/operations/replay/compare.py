"""Compare: what a replay came to, beside what is live."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from prompts.words import mission_text
from storage.connection import Client, ask
from storage.keys import Keys
from streams.records.intents import Intent
from streams.sessions.positions import Position

CHUNK = 256

EXAMPLES = 12
"""Shoppers that are shown, of those whom a replay gives another mission."""


class Example(NamedTuple):
    """A shopper whose mission is another: both in a few words, made of codes and names alone."""

    shopper: str
    live: str
    replayed: str


@dataclass(slots=True)
class Comparison:
    """Of shoppers seen in the range: who has an intent here, there, and in both; of the latter, how many stand at the
    same offset, and how many say something else. `missions` counts (live, replayed) where they differ, and `examples`
    are some of these shoppers."""

    shoppers: int = 0
    replayed: int = 0
    live: int = 0
    both: int = 0
    same_offset: int = 0
    missions_changed: int = 0
    stages_changed: int = 0
    categories_changed: int = 0
    missions: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)

    def add(self, live: Intent | None, replayed: Intent | None) -> None:
        """One shopper more."""
        self.shoppers += 1
        self.live += live is not None
        self.replayed += replayed is not None
        if live is None or replayed is None:
            return
        self.both += 1
        self.same_offset += Position.parse(live.position)[:2] == Position.parse(replayed.position)[:2]
        self.stages_changed += live.stage != replayed.stage
        self.categories_changed += _first(live) != _first(replayed)
        if live.mission.label != replayed.mission.label:
            self.missions_changed += 1
            self.missions[live.mission.label, replayed.mission.label] += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(Example(live.shopper, _words(live), _words(replayed)))

    def report(self) -> dict[str, Any]:
        """As plain values; shares are of those with an intent in both."""

        def share(count: int) -> float | None:
            return round(count / self.both, 4) if self.both else None

        return {
            "shoppers": self.shoppers,
            "replayed": self.replayed,
            "live": self.live,
            "both": self.both,
            "same_offset": share(self.same_offset),
            "missions_changed": share(self.missions_changed),
            "stages_changed": share(self.stages_changed),
            "categories_changed": share(self.categories_changed),
            "most_changed_missions": [
                {"live": before, "replayed": after, "shoppers": count}
                for (before, after), count in self.missions.most_common(10)
            ],
        }


async def compare(client: Client, live: Keys, replayed: Keys, shoppers: Collection[str], within_s: float) -> Comparison:
    """Read both sides of everybody. Raises StoreUnavailable."""
    comparison, names = Comparison(), list(shoppers)
    for first in range(0, len(names), CHUNK):
        chunk = names[first : first + CHUNK]
        commands = [("HGET", keys.intent(name), "doc") for name in chunk for keys in (live, replayed)]
        docs = await ask(client, commands, within_s)
        for here, there in zip(docs[::2], docs[1::2], strict=True):
            comparison.add(_intent(here), _intent(there))
    return comparison


def _intent(doc: bytes | None) -> Intent | None:
    return None if doc is None else Intent.load(doc)


def _words(intent: Intent) -> str:
    wants = mission_text(intent.stage, intent.categories, intent.brands, intent.price_band)
    return f"{intent.mission.label}: {wants}"


def _first(intent: Intent) -> str:
    return max(intent.categories, key=lambda each: each.weight).name if intent.categories else ""
