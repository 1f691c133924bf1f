"""A predictor for tests: trained on the visits of a small shop."""

from collections.abc import Iterable
from functools import cache

from penchant.offline.training import train
from prompts.learned.predictor import Predictor, load
from streams.events.event import ShopperEvent
from tests.prompts.learned.stream import MINUTE_MS, Visit, crowd
from tests.prompts.shoppers import KETTLE, OTHER_KETTLE, SHOES, THIRD_KETTLE, TOASTER


def events(visits: Iterable[Visit]) -> list[ShopperEvent]:
    """What happens in these visits."""
    return [
        ShopperEvent(f"{start_ms}-{at}", shopper, "view", start_ms + at * MINUTE_MS, (item,))
        for shopper, start_ms, items in visits
        for at, item in enumerate(items)
    ]


SHOP = [
    *crowd("stays", 300, [KETTLE, OTHER_KETTLE, THIRD_KETTLE]),
    *crowd("toasts", 200, [KETTLE, OTHER_KETTLE, TOASTER]),
    *crowd("runs", 100, [OTHER_KETTLE, KETTLE, SHOES]),
]


@cache
def predictor_file() -> bytes:
    """Of that shop."""
    return train(events(SHOP))


@cache
def predictor() -> Predictor:
    """The same, read."""
    return load(predictor_file())
