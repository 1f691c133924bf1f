"""Truth: what the log folds to, at each of its offsets, and which intent a model makes of that."""

from dataclasses import dataclass, field
from hashlib import blake2b

from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.sessions.packing import dump
from streams.sessions.session import Folded, Session, SessionRules, fold

STUBBORN = 24
"""One session in so many is one of which the model never makes an intent: there the rules have the last word."""


def digest(packed: bytes) -> str:
    """Stands for a prompt: names a session, and nothing else."""
    return blake2b(packed, digest_size=8).hexdigest()


def stubborn(prompt: str) -> bool:
    """Whether the model never answers this prompt with an intent."""
    return int(prompt, 16) % STUBBORN == 0


def mission(prompt: str) -> tuple[str, str]:
    """The deterministic model M: source and mission text of the intent that belongs to a session."""
    return ("rules", f"rules:{prompt}") if stubborn(prompt) else ("model", f"model:{prompt}")


@dataclass(slots=True)
class Life:
    """One shopper: the fold so far, the last offset that entered, and those that ask for a call."""

    partition: int
    session: Session = field(default_factory=Session)
    last: int = -1
    meaningful: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Truth:
    """Folds every event as it is appended. `entered` maps what stands in the log and changed a session to its shopper;
    `packed` is that session right after, `last_ms` its latest event time; `bad` are the records that must become dead
    letters. Of `erased` shoppers nothing is known any more, and nothing asked."""

    rules: SessionRules
    lives: dict[str, Life] = field(default_factory=dict)
    entered: dict[tuple[int, int], str] = field(default_factory=dict)
    packed: dict[tuple[int, int], bytes] = field(default_factory=dict)
    last_ms: dict[tuple[int, int], int] = field(default_factory=dict)
    bad: set[tuple[int, int]] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)

    def event(self, tp: TP, event: ShopperEvent, offset: int, timestamp_ms: int) -> None:
        """An event was appended."""
        life = self.lives.setdefault(event.shopper_id, Life(tp.partition))
        folded = fold(life.session, event, offset, timestamp_ms, self.rules)
        if folded < Folded.QUIET:
            return
        place = (tp.partition, offset)
        life.last = offset
        self.entered[place] = event.shopper_id
        self.packed[place] = dump(life.session)
        self.last_ms[place] = life.session.last_ms
        if folded is Folded.MEANINGFUL:
            life.meaningful.append(offset)

    def mission(self, partition: int, offset: int) -> tuple[str, str] | None:
        """M(F(log up to here)); None where nothing entered."""
        packed = self.packed.get((partition, offset))
        return mission(digest(packed)) if packed is not None else None
