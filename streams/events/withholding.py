"""Withholding: what is sensitive is left out of events as soon as they are read, in every dialect. Pure.

Nothing behind a dialect sees it: no session, prompt, intent, count or log. It is no refusal: its record is covered, and
counted by the pattern that knew it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from streams.events.decoding import Decoded
from streams.events.event import Item, ShopperEvent
from streams.events.privacy import PrivacyRules
from streams.events.sensitivity import REMEMBERED, Sensitivity, Verdict
from streams.events.wire import made


class Left(NamedTuple):
    """What is left of an event, None for nothing, and how often each (handling, pattern) took part in that."""

    event: ShopperEvent | None
    counts: Mapping[tuple[str, str], int]


class Withholding:
    """Leaves out of events what is sensitive.

    Products and searches that were found harmless are known again without a look at them, products by identity: events
    that show the same one share it (streams/events/wire.py).
    """

    def __init__(self, rules: PrivacyRules) -> None:
        self._sensitivity = Sensitivity(rules)
        self._items: dict[int, Item] = {}
        self._queries: set[str] = set()

    def of(self, decoded: Decoded) -> Decoded:
        """What is left of a batch. Its list of events is changed in place."""
        events, items, queries = decoded.events, self._items, self._queries
        changed: dict[int, ShopperEvent | None] = {}
        counts: Counter[tuple[str, str]] = Counter()
        for place, (_, _, event) in enumerate(events):
            for item in event.items:
                if items.get(id(item)) is not item:
                    break
            else:
                if event.query is None or event.query in queries:
                    continue
            left = self.left(event)
            if left.event is not event:
                changed[place] = left.event
            counts.update(left.counts)
        if changed:
            events[:] = [
                (offset, timestamp_ms, rest)
                for place, (offset, timestamp_ms, event) in enumerate(events)
                if (rest := changed.get(place, event)) is not None
            ]
        withheld = sum(rest is None for rest in changed.values())
        return decoded._replace(withheld=withheld, sensitive=counts) if counts else decoded

    def left(self, event: ShopperEvent) -> Left:
        """An event that loses all of its products, or its search, is left out; one that is only made coarser stays."""
        verdicts = {self._of_item(item) for item in event.items}
        query = self._of_query(event.query) if event.query is not None else None
        if query is not None:
            verdicts.add(query)
        counts: dict[tuple[str, str], int] = {
            (each.handling, each.pattern): 1 for each in verdicts if each.handling != "allow"
        }
        if not counts:
            return Left(event, counts)
        items = tuple(rest for item in event.items if (rest := self._item(item)) is not None)
        if (event.items and not items) or (query is not None and query.handling == "drop"):
            return Left(None, counts)
        words = event.query if query is None or query.handling == "allow" else None
        left = made(
            event.event_id, event.shopper_id, event.action, event.time_ms, items, words, event.session_id,
            event.order_id, event.consent,
        )  # fmt: skip
        return Left(left, counts)

    def _item(self, item: Item) -> Item | None:
        verdict = self._sensitivity.of_item(item)
        if verdict.handling == "coarsen":
            return self._sensitivity.coarse(item, verdict)
        return item if verdict.handling == "allow" else None

    def _of_item(self, item: Item) -> Verdict:
        verdict = self._sensitivity.of_item(item)
        if verdict.handling == "allow":
            if len(self._items) >= REMEMBERED:
                self._items.clear()
            self._items[id(item)] = item
        return verdict

    def _of_query(self, query: str) -> Verdict:
        verdict = self._sensitivity.of_query(query)
        if verdict.handling == "allow":
            if len(self._queries) >= REMEMBERED:
                self._queries.clear()
            self._queries.add(query)
        return verdict
