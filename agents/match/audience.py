"""Audience: whom a product interests now, by their intents and the needs on its card. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from agents.match.features import Path, avoided, parts, plain
from streams.records.cards import Card, Segment
from streams.records.intents import Intent

FEWEST = 50
"""A count below it is not told: it would say too much of the few."""

ADVERTISING = "advertising"


class Interest(NamedTuple):
    """Of a shopper whom the product interests: which needs they have, by their places on the card, and whether they
    agreed to advertising."""

    needs: tuple[int, ...]
    agreed: bool


class Audience:
    """Looks at intents one by one, and counts each shopper once, by the intent that was looked at last: those whom the
    product interests, and by the needs on its card those who have them. Nothing is held of anybody else.

    A product interests a shopper whose intent names its category, or one within it, and does not avoid it.
    """

    def __init__(self, product: str, card: Card) -> None:
        self._product, self._card, self._path = product, card, parts(card.category)
        self._interests: dict[str, Interest] = {}

    def look(self, intent: Intent) -> None:
        """One more intent, in place of what was looked at before of its shopper."""
        self.drop(intent.shopper)
        if self._is_interested(intent):
            needs = tuple(at for at, segment in enumerate(self._card.segments) if has_need(intent, segment))
            self._interests[intent.shopper] = Interest(needs, ADVERTISING in (intent.purposes or ()))

    def drop(self, shopper: str) -> None:
        """The shopper has no intent any more."""
        self._interests.pop(shopper, None)

    @property
    def shoppers(self) -> Mapping[str, Interest]:
        """Whom it interests."""
        return self._interests

    @property
    def segments(self) -> Mapping[Segment, int]:
        """How many have each need on the card."""
        counts = dict.fromkeys(range(len(self._card.segments)), 0)
        for interest in self._interests.values():
            for at in interest.needs:
                counts[at] += 1
        return {segment: counts[at] for at, segment in enumerate(self._card.segments)}

    @property
    def agreed(self) -> list[str]:
        """Those whom it interests who agreed to advertising; whoever said nothing did not."""
        return [shopper for shopper, interest in self._interests.items() if interest.agreed]

    def _is_interested(self, intent: Intent) -> bool:
        within = any(_is_within(parts(each.name), self._path) for each in intent.categories)
        return within and not avoided(intent, self._product, self._card)


def has_need(intent: Intent, segment: Segment) -> bool:
    """Whether an intent has the mission, and the stage and the property where the segment has them."""
    wanted = segment.attribute
    return (
        intent.mission.label == segment.mission
        and segment.stage in (None, intent.stage)
        and (wanted is None or any(_same(each.name, wanted.name) and _same(each.value, wanted.value)
                                   for each in intent.attributes))
    )  # fmt: skip


def counted(number: int) -> int | None:
    """The number as it may be told; None where it is below FEWEST, 0 too."""
    return number if number >= FEWEST else None


def _is_within(path: Path, branch: Path) -> bool:
    return bool(branch) and path[: len(branch)] == branch


def _same(one: str, other: str) -> bool:
    return plain(one) == plain(other)
