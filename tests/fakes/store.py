"""A store in memory: the ports of storage/checkpoints.py as plain Python, with faults to order.

tests/storage holds it and Redis to the same behaviour, verdict by verdict.
"""

import copy
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from storage.checkpoints import Context, Erased, Verdict, Write
from storage.erasures import Outcome, Removed
from storage.intents import intent_fields
from storage.packed import PACKED
from streams.errors import StoreUnavailable
from streams.records.erasures import Erasure
from streams.records.intents import Intent
from streams.records.watermark import Watermark
from streams.sessions.positions import Position

T = TypeVar("T")


@dataclass(slots=True)
class Data:
    """Everything stored. Contexts and intents stand beside their expiries, in epoch milliseconds; `packed` is what was
    written beside an intent's fields."""

    contexts: dict[str, tuple[Context, int]] = field(default_factory=dict)
    intents: dict[str, tuple[Intent, int]] = field(default_factory=dict)
    packed: dict[str, str | None] = field(default_factory=dict)
    markers: dict[str, Erasure] = field(default_factory=dict)
    reached: Watermark = field(default_factory=Watermark)
    owed: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    nonce: int = 0


async def at_once() -> None:
    """The way to the store and back when nothing holds a call up."""


class MemoryStore:
    """CheckpointStore, OwedStore and Incarnation.

    `now_ms` tells the time by which values expire. `way` is awaited before and after each call is carried out: one that
    sleeps is a slow network. While `down` is true every call fails.
    """

    def __init__(self, now_ms: Callable[[], int], way: Callable[[], Awaitable[None]] = at_once) -> None:
        self.way = way
        self.down = False
        self.needed = Watermark()
        self._now_ms = now_ms
        self._data = Data()
        self._life = self._nonces = 0
        self._failures: list[int] = []

    def fail_next(self, count: int = 1, *, done: int = 0) -> None:
        """Let the next calls fail. The first `done` writes or shoppers of each take effect, and nobody is told."""
        self._failures += [done] * count

    def snapshot(self) -> Data:
        """What is stored now, for `roll_back`."""
        return copy.deepcopy(self._data)

    def roll_back(self, snapshot: Data) -> None:
        """Fail over to a replica that has seen no more than the snapshot: another incarnation."""
        self._data = copy.deepcopy(snapshot)
        self.restart()

    def restart(self) -> None:
        """Another incarnation, which has kept everything."""
        self._life += 1

    def flush(self) -> None:
        """Lose everything, the nonce too: another incarnation."""
        self._data = Data()

    def forget(self, shopper: str) -> None:
        """An erasure without places in any log: what is stored of the shopper goes."""
        self._erase(Erasure(shopper, self._number(shopper) + 1, -1, (0,)))

    def lose_marker(self, shopper: str) -> None:
        """Lose the erasure alone."""
        self._data.markers.pop(shopper, None)

    def lose_context(self, shopper: str) -> None:
        """Lose what eviction would take first: the largest value."""
        self._data.contexts.pop(shopper, None)

    def show(self, intent: Intent, expires_at_ms: int) -> None:
        """Put an intent in the place of all that stood there, its fields and the packed one."""
        self._data.intents[intent.shopper] = (intent, expires_at_ms)
        self._data.packed[intent.shopper] = intent_fields(intent).get(PACKED)

    def intent(self, shopper: str) -> Intent | None:
        """The intent that a ranker would read."""
        return self._live(self._data.intents, shopper)

    def intent_hash(self, shopper: str) -> dict[str, str]:
        """The intent as Redis would hold it; empty when there is none."""
        intent = self.intent(shopper)
        if intent is None:
            return {}
        fields, packed = intent_fields(intent), self._data.packed.get(shopper)
        fields.pop(PACKED, None)
        return fields | {"doc": intent.dump().decode()} | ({} if packed is None else {PACKED: packed})

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        found = await self._carry_out([partial(self._load, shopper) for shopper in shoppers])
        if not self._data.reached.reaches(self.needed):
            raise StoreUnavailable("the store in memory has lost erasures")
        return found

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await self._carry_out([partial(self._write, write) for write in writes])

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        await self._carry_out([partial(self._owe, partition, shopper) for shopper in shoppers])

    async def settle(self, partition: int, shoppers: Sequence[str]) -> None:
        await self._carry_out([partial(self._settle, partition, shopper) for shopper in shoppers])

    async def owed(self, partition: int) -> list[str]:
        (shoppers,) = await self._carry_out([lambda: sorted(self._data.owed[partition])])
        return shoppers

    async def incarnation(self) -> str:
        (incarnation,) = await self._carry_out([self._incarnation])
        return incarnation

    async def erase(self, erasures: Sequence[Erasure]) -> list[Outcome]:
        return await self._carry_out([partial(self._erased, erasure) for erasure in erasures])

    async def reached(self) -> Watermark:
        (mark,) = await self._carry_out([lambda: self._data.reached])
        return mark

    async def reach(self, mark: Watermark) -> None:
        await self._carry_out([partial(setattr, self._data, "reached", mark)])
        self.needed = mark

    async def _carry_out(self, parts: Sequence[Callable[[], T]]) -> list[T]:
        await self.way()
        done = 0 if self.down else self._failures.pop(0) if self._failures else None
        results = [part() for part in parts[:done]]
        await self.way()
        if done is not None:
            raise StoreUnavailable("the store in memory fails as it was told to")
        return results

    def _load(self, shopper: str) -> Context | Erased | None:
        marker = self._data.markers.get(shopper)
        context = self._live(self._data.contexts, shopper)
        if context is None or context.erasure < self._number(shopper):
            return Erased(shopper, marker.number, marker) if marker else None
        if lost := context.erasure > self._number(shopper):
            marker = Erasure(shopper, context.erasure, context.position.lineage, ())
        return replace(context, marker=marker, lost=lost)

    def _number(self, shopper: str) -> int:
        marker = self._data.markers.get(shopper)
        return marker.number if marker else 0

    def _erased(self, erasure: Erasure) -> Outcome:
        return {"memory": self._erase(erasure)}

    def _erase(self, erasure: Erasure) -> Removed:
        data, shopper = self._data, erasure.shopper
        if self._number(shopper) < erasure.number:
            data.markers[shopper] = erasure
        context = self._live(data.contexts, shopper)
        if context is not None and context.erasure >= erasure.number:
            return Removed()
        data.packed.pop(shopper, None)
        tables: list[dict[str, Any]] = [data.intents, data.contexts]
        return Removed(*(int(table.pop(shopper, None) is not None) for table in tables))

    def _write(self, write: Write) -> Verdict:
        context, data = write.context, self._data
        verdict = self._judge(context, write.base)
        if verdict is Verdict.ACCEPTED and self._hides(write):
            verdict = Verdict.STALE
        better = write.intent is not None and self._is_better(write.intent, self.intent(context.shopper))
        if verdict is Verdict.ACCEPTED:
            data.contexts[context.shopper] = (context, write.context_expires_at_ms)
        elif write.intent is not None and self._is_at(context, write.base):
            held, expires_at_ms = data.contexts[context.shopper]
            better &= held.owed or write.intent.source == "model" or self.intent(context.shopper) is None
            if better or not context.owed:
                data.contexts[context.shopper] = (replace(held, owed=context.owed), expires_at_ms)
            verdict = Verdict.ACCEPTED if better else verdict
        if verdict is Verdict.ACCEPTED and better and write.intent is not None:
            self.show(write.intent, write.intent_expires_at_ms)
        return verdict

    def _is_at(self, context: Context, base: int) -> bool:
        """Whether the stored context stands at the very position of this one, in the same log and life."""
        held = self._live(self._data.contexts, context.shopper)
        erasure = self._number(context.shopper)
        ours = (context.position, context.partition, context.erasure)
        return held is not None and (held.position, held.partition, erasure) == ours and base <= held.position.offset

    def _hides(self, write: Write) -> bool:
        """Whether it could stand in the place of a model's intent that somebody else has stored, or that is lost."""
        context, held = write.context, self._live(self._data.contexts, write.context.shopper)
        if held is None or held.position.lineage < context.position.lineage:
            return False
        there = held.position.offset == write.base
        if write.intent is None:
            return there and held.owed and not write.base_owed and not context.owed
        by_rules, same = write.intent.source == "rules", there and held.owed == write.base_owed
        return by_rules and held.owner != context.owner and not same

    def _judge(self, context: Context, base: int) -> Verdict:
        held = self._live(self._data.contexts, context.shopper)
        if context.erasure != self._number(context.shopper) or self._is_below(context):
            return Verdict.ERASED
        if held is None:
            return Verdict.ACCEPTED if base < 0 else Verdict.STALE
        ours, theirs = context.position, held.position
        if theirs.lineage > ours.lineage or (theirs.lineage == ours.lineage and held.partition != context.partition):
            return Verdict.LINEAGE
        if base >= 0 and (theirs.lineage < ours.lineage or theirs.offset < base):
            return Verdict.STALE
        if ours > theirs:
            return Verdict.ACCEPTED
        same = ours[:2] == theirs[:2]
        return Verdict.COVERED if same or held.owner == context.owner else Verdict.STALE

    def _is_below(self, context: Context) -> bool:
        """Whether all of it is from before the erasure, or of somebody who opted out."""
        marker, position = self._data.markers.get(context.shopper), context.position
        if marker is None:
            return False
        return marker.opted_out or marker.reaches(position.lineage, context.partition, position.offset)

    @staticmethod
    def _is_better(intent: Intent, held: Intent | None) -> bool:
        """A higher position, or at an equal one a model's in the place of the rules'."""
        if held is None:
            return True
        ours, theirs = Position.parse(intent.position), Position.parse(held.position)
        return ours > theirs or (ours == theirs and (intent.source, held.source) == ("model", "rules"))

    def _live(self, table: dict[str, tuple[T, int]], shopper: str) -> T | None:
        value, expires_at_ms = table.get(shopper, (None, 0))
        if value is not None and expires_at_ms <= self._now_ms():
            del table[shopper]
            return None
        return value

    def _owe(self, partition: int, shopper: str) -> None:
        self._data.owed[partition].add(shopper)

    def _settle(self, partition: int, shopper: str) -> None:
        self._data.owed[partition].discard(shopper)

    def _incarnation(self) -> str:
        if not self._data.nonce:
            self._nonces += 1
            self._data.nonce = self._nonces
        return f"{self._life}:{self._data.nonce}"
