"""Privacy: what a shop says of what is sensitive, and of consent. Settings, checked where they are declared."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, cast

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from streams.events.sensitive_topics import TOPICS
from streams.section import Words, form, section, unit

Handling = Literal["allow", "coarsen", "drop"]
"""What becomes of what is sensitive, the strictest last."""

Kind = Literal["topic", "category", "product", "word"]

KINDS: tuple[Kind, ...] = ("category", "product", "word")
FORM = f"one of {', '.join(TOPICS)}, or category:PATH, product:ID or word:WORDS"


class SensitiveEntry(NamedTuple):
    """One line of a shop's list: a shipped topic, a branch of categories, a product's id, or words."""

    kind: Kind
    text: str

    @classmethod
    def parse(cls, text: str) -> "SensitiveEntry":
        """Raises ValueError for what is none."""
        if text in TOPICS:
            return cls("topic", text)
        kind, sign, rest = text.partition(":")
        if not sign or kind not in KINDS or not rest.strip():
            raise ValueError(f"{text[:60]!r} is neither a topic nor a category:PATH, product:ID or word:WORDS")
        if kind != "product" and not any(map(str.isalnum, rest)):
            raise ValueError(f"{text[:60]!r} would hold of everything")
        return cls(kind, rest.strip())


def _checked(text: str) -> str:
    SensitiveEntry.parse(text)
    return text


Purpose = Literal["personalisation", "advertising"]

Entries = Annotated[tuple[Annotated[str, AfterValidator(_checked), form(FORM)], ...], Words]


@section
class PrivacyRules:
    """What is too sensitive to be kept: health, pregnancy, sexuality, faith, politics, union, origin, addiction, debt,
    and what the shop names itself. It is taken out where records are read, so nothing that is made of them has it."""

    coarsen: Entries = ()
    """What is kept by its broadest category alone, without product, title, brand, price or search."""
    allow: Entries = ()
    """What is kept as it is."""
    drop: Entries = ()
    """What is left out besides the shipped topics, which are all left out unless they are named above. PATH is a branch
    of categories, the broadest first: category:health/tests, with * for any level and ** for any number of them. WORDS
    are looked for in titles, brands, searches and categories. What a shop says goes before what is shipped. A product's
    id decides alone; of several branches the narrowest does; of other entries the strictest."""

    default_purposes: Annotated[tuple[Purpose, ...] | None, Words] = None
    """What shoppers agree to of whom no event says anything: it stands in their intents, and rankers that ask with a
    purpose get those alone who agreed to it. An empty list is nothing; where this is not set, their intents do not say.
    A purpose that an event does say goes before it."""

    audience_ids: bool = False
    """Whether `penchant products audience --ids` may list the shoppers whom a product interests: those who agreed to
    advertising. The activity log keeps each list."""

    max_days: Annotated[float, Field(gt=0), unit("days")] = 30.0
    """How long anything of a shopper may be kept. Nothing is deleted by it: `penchant doctor` holds retention of topics
    and times of keys against it."""

    @field_validator("allow", "drop")
    @classmethod
    def named_once(cls, entries: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """An entry in two lists would say two things."""
        for other in ("coarsen", "allow"):
            for entry in info.data.get(other) or () if other != info.field_name else ():
                if entry in entries:
                    raise ValueError(f"{entry!r} stands in privacy.{other} too: name it once")
        return entries

    def handlings(self) -> Mapping[SensitiveEntry, Handling]:
        """What becomes of each entry, the shipped topics included."""
        topics: dict[SensitiveEntry, Handling] = {SensitiveEntry("topic", topic): "drop" for topic in TOPICS}
        own: dict[SensitiveEntry, Handling] = {}
        for handling, entries in (("coarsen", self.coarsen), ("allow", self.allow), ("drop", self.drop)):
            own |= {SensitiveEntry.parse(entry): cast("Handling", handling) for entry in entries}
        return topics | own
