"""Truth: what the log folds to, at each of its offsets, and which intent a model makes of that."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from streams.events.event import ShopperEvent
from streams.kafka.batches import TP
from streams.records.erasures import Erasure
from streams.sessions.packing import dump, load
from streams.sessions.session import Folded, Session, SessionRules, fold
from tests.simulation.traffic import discreet

STUBBORN = 24
"""One session in so many is one of which the model never makes an intent: there the rules have the last word."""


def digest(packed: bytes) -> str:
    """Stands for a prompt: names a session, and nothing else."""
    return blake2b(content(packed), digest_size=8).hexdigest()


def content(packed: bytes) -> bytes:
    """What is packed. ISA-L does not make the same bytes of it each time."""
    return zlib.decompress(packed)


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
    `packed` is that session right after, `last_ms` its latest event time, also by its name in `prompts`; `bad` are the
    records that must become dead letters, `odd` those that may, for our code fails at them, and whose they are.
    `earlier` are sessions of the lineage before. `erasures` are the last ones asked for, `gone` the prompts of sessions
    from before them. `thinned` are shoppers of whom retention deleted something before it was committed: what their
    sessions hold then is a matter of chance. `lost` are the places of that."""

    rules: SessionRules
    lineage: int = 0
    lives: dict[str, Life] = field(default_factory=dict)
    entered: dict[tuple[int, int], str] = field(default_factory=dict)
    packed: dict[tuple[int, int], bytes] = field(default_factory=dict)
    last_ms: dict[tuple[int, int], int] = field(default_factory=dict)
    bad: set[tuple[int, int]] = field(default_factory=set)
    odd: dict[tuple[int, int], str] = field(default_factory=dict)
    earlier: dict[str, bytes] = field(default_factory=dict)
    erasures: dict[str, Erasure] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    prompts: dict[str, int] = field(default_factory=dict)
    thinned: set[str] = field(default_factory=set)
    lost: dict[tuple[int, int], str] = field(default_factory=dict)

    def erase(self, erasure: Erasure) -> None:
        """Everything up to now counts for nothing; of who opted out, what comes later too."""
        shopper = erasure.shopper
        self.erasures[shopper] = erasure
        self.earlier.pop(shopper, None)
        for place in [place for place, who in self.entered.items() if who == shopper]:
            self.gone.add(digest(self.packed.pop(place)))
            del self.entered[place], self.last_ms[place]
        if shopper in self.lives:
            self.lives[shopper] = Life(self.lives[shopper].partition)

    def lose(self, partition: int, first: int, begin: int) -> None:
        """Retention deletes what stands from an offset up to another one."""
        places = {(partition, offset) for offset in range(first, begin)}
        self.lost |= {place: self.entered.pop(place) for place in places & self.entered.keys()}
        self.thinned.update(self.lost.values(), [self.odd[place] for place in places & self.odd.keys()])
        self.odd |= dict.fromkeys(self.bad & places, "")  # a letter that was sent before is none too many
        self.bad -= places

    def forbidden(self, shopper: str, prompt: str) -> bool:
        """Whether a model may not hear this."""
        erasure = self.erasures.get(shopper)
        return prompt in self.gone or (erasure is not None and erasure.opted_out)

    def append(self, tp: TP, events: Sequence[ShopperEvent], offset: int, timestamp_ms: int) -> None:
        """A record of one shopper's events was appended. What is sensitive in them counts for nothing."""
        shopper = events[0].shopper_id
        events = [kept for event in events if (kept := discreet(event)) is not None]
        erasure = self.erasures.get(shopper)
        if erasure is not None and erasure.covers(self.lineage, tp.partition, offset, timestamp_ms):
            return
        if not events:
            return
        life = self.lives.setdefault(shopper, Life(tp.partition, self._begun(shopper)))
        taken, outcomes = -1, []
        for event in events:
            outcomes.append(fold(life.session, event, offset, timestamp_ms, self.rules, follows=offset == taken))
            taken = taken if outcomes[-1] is Folded.REPEATED else offset
        if max(outcomes) < Folded.QUIET:
            return
        place = (tp.partition, offset)
        life.last = offset
        self.entered[place] = shopper
        self.packed[place] = dump(life.session)
        self.last_ms[place] = life.session.last_ms
        self.prompts[digest(self.packed[place])] = life.session.last_ms
        if Folded.MEANINGFUL in outcomes:
            life.meaningful.append(offset)

    def _begun(self, shopper: str) -> Session:
        """What a session begins with: what was stored of it under the lineage before, whose offsets mean nothing."""
        if shopper not in self.earlier:
            return Session()
        session = load(self.earlier[shopper])
        session.folded = session.durable = session.meaningful = -1
        return session

    def mission(self, partition: int, offset: int) -> tuple[str, str] | None:
        """M(F(log up to here)); None where nothing entered."""
        packed = self.packed.get((partition, offset))
        return mission(digest(packed)) if packed is not None else None
