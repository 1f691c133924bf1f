"""The intent hash: the whole intent as `doc`, and beside it the fields that a ranker takes as they are."""

from storage.packed import PACKED, packed
from streams.records.intents import Intent, Weighted

READABLE_SINCE = 1
"""The oldest version of the contract whose readers read what is written here: versions 2 and 3 only added fields."""


MOST_NEXT = 2
"""Categories that are named beyond the shopper's window."""


def hot_fields(intent: Intent) -> dict[str, str]:
    """What stands beside `doc` and `position`: these fields always, empty where the intent says nothing, but
    for `purposes`, which stand there where somebody said them, and `next_categories`, where any were foreseen.

    Labels come from lists and names from the catalogue: what a model wrote freely is in `doc` alone.
    """
    band, foreseen = intent.price_band, next_categories(intent)
    return {
        "stage": intent.stage,
        "mission": intent.mission.label,
        "category": heaviest(intent.categories),
        "brand": heaviest(intent.brands),
        "price_low": str(band.low) if band else "",
        "price_high": str(band.high) if band else "",
        "currency": band.currency if band else "",
        "confidence": str(intent.confidence),
        "as_of": str(intent.as_of_ms),
        "written_at": str(intent.written_at_ms),
        "source": intent.source,
        "schema": str(READABLE_SINCE),
        **({} if intent.purposes is None else {"purposes": ",".join(intent.purposes)}),
        **({"next_categories": "\n".join(foreseen)} if foreseen else {}),
    }


def intent_fields(intent: Intent) -> dict[str, str]:
    """All that stands beside `doc`: the hot fields, the position, and both packed into one, where they can be."""
    hot = hot_fields(intent) | {"position": intent.position}
    whole = packed(hot)
    return hot if whole is None else hot | {PACKED: whole}


def next_categories(intent: Intent) -> list[str]:
    """The likeliest of the categories that the shopper has not looked at: other shoppers went on to them."""
    named = sorted(intent.categories, key=lambda each: -each.weight)
    return [each.name for each in named if each.name in intent.inferred and "\n" not in each.name][:MOST_NEXT]


def heaviest(weighted: tuple[Weighted, ...]) -> str:
    """The name with the most weight, the first of equals."""
    return max(weighted, key=lambda each: each.weight).name if weighted else ""
