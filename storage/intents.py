"""The intent hash: the whole intent as `doc`, and beside it the fields that a ranker takes as they are."""

from streams.records.intents import Intent, Weighted

READABLE_SINCE = 1
"""The oldest version of the contract whose readers read what is written here: version 2 only added fields."""


def hot_fields(intent: Intent) -> dict[str, str]:
    """What stands beside `doc` and `position`: these fields always, empty where the intent says nothing, but
    for `purposes`, which stand there where somebody said them.

    Labels come from lists and names from the catalogue: what a model wrote freely is in `doc` alone.
    """
    band = intent.price_band
    return {
        "stage": intent.stage,
        "mission": intent.mission.label,
        "category": _heaviest(intent.categories),
        "brand": _heaviest(intent.brands),
        "price_low": str(band.low) if band else "",
        "price_high": str(band.high) if band else "",
        "currency": band.currency if band else "",
        "confidence": str(intent.confidence),
        "as_of": str(intent.as_of_ms),
        "written_at": str(intent.written_at_ms),
        "source": intent.source,
        "schema": str(READABLE_SINCE),
        **({} if intent.purposes is None else {"purposes": ",".join(intent.purposes)}),
    }


def _heaviest(weighted: tuple[Weighted, ...]) -> str:
    """The name with the most weight, the first of equals."""
    return max(weighted, key=lambda each: each.weight).name if weighted else ""
