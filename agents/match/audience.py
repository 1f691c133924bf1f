"""Audience: whom a product interests now, by their intents and the needs on its card. Pure."""

from agents.match.features import Path, avoided, parts, plain
from streams.records.cards import Card, Segment
from streams.records.intents import Intent

FEWEST = 50
"""A count below it is not told: it would say too much of the few."""

ADVERTISING = "advertising"


class Audience:
    """Looks at intents one by one, and counts each shopper once: those whom the product interests, and by the needs on
    its card those who have them.

    A product interests a shopper whose intent names its category, or one within it, and does not avoid it.
    """

    def __init__(self, product: str, card: Card) -> None:
        self._product, self._card, self._path = product, card, parts(card.category)
        self.segments: dict[Segment, int] = dict.fromkeys(card.segments, 0)
        self.shoppers: dict[str, bool] = {}
        """Whom it interests, and whether they agreed to advertising."""

    def look(self, intent: Intent) -> None:
        """One more intent. A shopper who was looked at before does not count again."""
        if intent.shopper in self.shoppers or not self._interests(intent):
            return
        self.shoppers[intent.shopper] = ADVERTISING in (intent.purposes or ())
        for segment in self.segments:
            self.segments[segment] += has_need(intent, segment)

    @property
    def agreed(self) -> list[str]:
        """Those whom it interests who agreed to advertising; whoever said nothing did not."""
        return [shopper for shopper, agreed in self.shoppers.items() if agreed]

    def _interests(self, intent: Intent) -> bool:
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
