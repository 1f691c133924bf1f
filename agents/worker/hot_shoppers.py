"""Hot shoppers: one id with an implausible share of the events is a bot, or stands for nobody. Counted on a sample."""

from collections import Counter
from collections.abc import Sequence

import structlog

from agents.health.statistics import Meter
from streams.events.event import ShopperEvent

log = structlog.stdlib.get_logger(__name__)

EVERY, WINDOW = 8, 512
"""One event in so many is counted, and so many of these are judged together: 4,096 events, in bounded memory."""

HOT_SHARE = 0.2
"""Of the events of a window: more than one shopper does where there are others."""


class HotShoppers:
    """Looks at what a worker takes in; `Meter.hottest_share` is what one shopper had of the last window."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._counts: Counter[str] = Counter()
        self._seen = self._sampled = 0

    def see(self, events: Sequence[tuple[int, int, ShopperEvent]]) -> None:
        """Count one event in `EVERY`; logs when a shopper becomes a hot one."""
        sample = events[-self._seen % EVERY :: EVERY]
        self._seen += len(events)
        self._sampled += len(sample)
        self._counts.update(event.shopper_id for _, _, event in sample)
        if self._sampled >= WINDOW:
            self._judge(max(self._counts.values()) / self._sampled)
            self._counts.clear()
            self._sampled = 0

    def _judge(self, share: float) -> None:
        if share > HOT_SHARE >= self._meter.hottest_share:
            remedy = "find it with `penchant doctor`; its partition's worker is the busiest"
            why = "a bot, or an id that stands for nobody"
            log.warning("events.hot_shopper", share=round(share, 2), why=why, remedy=remedy)
        self._meter.hottest_share = share
