"""The packed field of an intent, held against the fields beside it."""

from storage.intents import intent_fields
from storage.packed import PACKED
from tests.fakes.store import Data


def out_of_step(data: Data, shopper: str) -> list[str]:
    """What is wrong where a shopper's packed field is not that of the fields: readers of either get two intents."""
    intent, _ = data.intents.get(shopper, (None, 0))
    if intent is None or intent_fields(intent).get(PACKED) == data.packed.get(shopper):
        return []
    return [f"packed: the packed field of {shopper} is not that of the fields, which stand at {intent.position}"]
