"""Connections and consumers that break a rule. Each says which in its docstring."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from msgspec import structs

from storage.checkpoints import Context, Erased, Verdict, Write
from storage.erasures import Outcome
from storage.freezable import FreezableStore
from streams.errors import BrokerUnavailable, StoreUnavailable
from streams.kafka.batches import TP
from streams.records.dead_letters import DeadLetter
from streams.records.erasures import Erasure
from tests.simulation.connection import Connection
from tests.simulation.consumer import Consumer
from tests.simulation.servers import DeadLetterConnection
from tests.simulation.store import Store
from tests.simulation.wire import Refused


class Incurious(Connection):
    """Never looks whether the store is another one."""

    async def incarnation(self) -> str:
        await super().incarnation()
        return "the same as ever"


class Negligent(Connection):
    """Tells the store of no erasure."""

    async def erase(self, erasures: Sequence[Erasure]) -> list[Outcome]:
        return [{} for _ in erasures]


class Trusting(Connection):
    """Believes a store that lacks erasures."""

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        return await self.wire.ask(partial(self.store.read, shoppers))


class Unmoved(Connection):
    """Takes a refusal for an erasure for covered."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        verdicts = await super().write(writes)
        return [Verdict.COVERED if verdict is Verdict.ERASED else verdict for verdict in verdicts]


class Welcoming(Connection):
    """Loads who opted out as new."""

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        return [
            None if isinstance(found, Erased) and found.marker is not None and found.marker.opted_out else found
            for found in await super().load(shoppers)
        ]


class Dating(Connection):
    """Compares times, and takes a refusal for covered: clocks differ, so that less can be written later."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await self.wire.ask(partial(_date, self.who, self.store, writes))


def _date(who: str, store: Store, writes: Sequence[Write]) -> list[Verdict]:
    verdicts = []
    for write in writes:
        held, _ = store.data.intents.get(write.context.shopper, (None, 0))
        later = held is not None and write.intent is not None and held.written_at_ms > write.intent.written_at_ms
        verdicts += [Verdict.COVERED] if later else store.take(who, [write])
    return verdicts


class Jealous(Connection):
    """Takes its own position by another hand for stale."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        verdicts = await super().write(writes)
        return [
            Verdict.STALE if verdict is Verdict.COVERED and self._is_anothers(write) else verdict
            for verdict, write in zip(verdicts, writes, strict=True)
        ]

    def _is_anothers(self, write: Write) -> bool:
        context, _ = self.store.data.contexts.get(write.context.shopper, (None, 0))
        return context is not None and context.owner != write.context.owner


class Hopeful(Connection):
    """Takes a failed load for an absent shopper."""

    async def load(self, shoppers: Sequence[str]) -> list[Context | Erased | None]:
        try:
            return await super().load(shoppers)
        except StoreUnavailable:
            return [None] * len(shoppers)


class Markless(Connection):
    """Parks though owed without a mark."""

    async def owe(self, partition: int, shoppers: Sequence[str]) -> None:
        """Owe nothing."""


class Overwriting(Connection):
    """Lets the last write win."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await self.wire.ask(partial(_overwrite, self.who, self.store, writes))


def _overwrite(who: str, store: Store, writes: Sequence[Write]) -> list[Verdict]:
    for write in writes:
        before = store.standing(write.context.shopper)
        store.data.contexts[write.context.shopper] = (write.context, write.context_expires_at_ms)
        if write.intent is not None:
            store.show(write.intent, write.intent_expires_at_ms)
        store.judge(write, before)
    store.changed()
    return [Verdict.ACCEPTED] * len(writes)


class Fieldwise(Connection):
    """Writes the fields alone: the packed one stays that of the last intent."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await self.wire.ask(partial(_fieldwise, self.who, self.store, writes))


def _fieldwise(who: str, store: Store, writes: Sequence[Write]) -> list[Verdict]:
    packed = dict(store.data.packed)
    verdicts = store.take(who, writes)
    for shopper in {write.context.shopper for write in writes}:
        store.data.packed[shopper] = packed.get(shopper)
    store.changed()
    return verdicts


class Baseless(Connection):
    """Writes without saying what it was built on."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await super().write([structs.replace(write, base=-1) for write in writes])


class Meddling(Connection):
    """Shows the rules' intent whatever others have stored, and lets a quiet event hide that an answer is lost."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        return await self.wire.ask(partial(_meddle, self.who, self.store, writes))


def _meddle(who: str, store: Store, writes: Sequence[Write]) -> list[Verdict]:
    verdicts = []
    for write in writes:
        shopper = write.context.shopper
        held, ends_ms = store.data.contexts.get(shopper, (None, 0))
        if held is not None and write.base <= held.position.offset:
            if write.intent is not None and write.context.position == held.position:
                store.data.contexts[shopper] = replace(held, owed=True), ends_ms
            elif write.context.position > held.position:
                store.data.contexts[shopper] = replace(held, owner=write.context.owner, owed=write.base_owed), ends_ms
        verdicts += store.take(who, [write])
    return verdicts


class Splitting(Connection):
    """Writes the context first and the intent later."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        with contextlib.suppress(StoreUnavailable):
            await super().write([structs.replace(write, intent=None) for write in writes])
        await asyncio.sleep(0.2)
        return await super().write(writes)


class Deaf(DeadLetterConnection):
    """Takes an unsent dead letter for sent."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        with contextlib.suppress(BrokerUnavailable):
            await super().send(letters)
        return {}


class Stopped(Consumer):
    """Never resumes what it paused."""

    def resume(self, tps: Iterable[TP] | None) -> None:
        """Never."""


class Unstoppable(Consumer):
    """Never pauses."""

    def pause(self, tps: Iterable[TP] | None) -> None:
        """Never."""


class Confident(Connection):
    """Takes what a part of the store did not say for covered."""

    async def write(self, writes: Sequence[Write]) -> list[Verdict]:
        verdicts = await super().write(writes)
        return [Verdict.COVERED if verdict is Verdict.UNDECIDED else verdict for verdict in verdicts]


class Insistent(DeadLetterConnection):
    """Sends a letter that is refused for good again and again."""

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        if lost := await super().send(letters):
            raise BrokerUnavailable(next(iter(lost.values())))
        return lost


class Skipping(Consumer):
    """Steps over what retention has deleted without a word."""

    def _skip(self, tp: TP, begin: int) -> None:
        self._positions[tp] = begin
        self._changed.set()


class Resuming(Consumer):
    """Begins where it had read, and not where it had committed."""

    async def _go_back(self) -> None:
        read = dict(self._positions)
        await super()._go_back()
        self._positions |= read


class Uncommitted(Consumer):
    """Reads what was aborted."""

    isolation = "read_uncommitted"


class Parting(Consumer):
    """Commits all that it has read as it stops."""

    async def stop(self) -> None:
        read = {tp: self._positions[tp] for tp in self._share.epochs if tp in self._positions}
        with contextlib.suppress(BrokerUnavailable, Refused):
            await self._wire.ask(partial(self._broker.commit, self.name, self._generation, read))
        await super().stop()


class Writing(FreezableStore):
    """Writes though operators have frozen the store."""

    def _check(self) -> None:
        """Never frozen."""
