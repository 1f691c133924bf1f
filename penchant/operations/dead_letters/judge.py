"""Judge: which letters can go back, and what becomes of the others. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from penchant.operations.dead_letters.erased import Erasures, erased
from penchant.operations.dead_letters.topic import StoredLetter
from streams.events.dialects import Dialect
from streams.records.dead_letters import DeadLetter
from streams.records.retention import SPANS


class RedrivePlan(NamedTuple):
    """Which letters: those that came from `topic`, refused for `reason` where it is given. `dialect` judges them."""

    topic: str
    dialect: Dialect
    reason: str | None = None


@dataclass(slots=True)
class Outcome:
    """What became of the letters.

    `already`: it went back before, or the same record did by another letter. `still_bad` ones stay, by the reason for
    which they would be refused now. `passed` are not asked for: of another reason, or another topic. `erased` ones are
    of a shopper who was forgotten since. `expired` ones are older than their topic keeps or takes. `gone` ones were
    shortened, and their records are no longer in their topic. Without `retention_known` none counts as expired.
    """

    letters: int = 0
    redriven: int = 0
    already: int = 0
    passed: int = 0
    erased: int = 0
    expired: int = 0
    gone: int = 0
    still_bad: dict[str, int] = field(default_factory=dict)
    retention_known: bool = True

    def words(self, *, dry_run: bool) -> str:
        """One sentence."""
        done = "would go back" if dry_run else "went back"
        bad = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.still_bad.items()))
        said = [
            f"{self.redriven:,} letters {done}",
            f"{self.already:,} had before",
            f"{sum(self.still_bad.values()):,} are still bad" + (f" ({bad})" if bad else ""),
            f"{self.erased:,} are of erased shoppers",
            f"{self.passed:,} were not asked for",
        ]
        if self.gone:
            said.append(f"{self.gone:,} were shortened and their records are no longer in the topic")
        if self.expired:
            said.append(f"{self.expired:,} are older than the topic keeps or takes ({SPANS})")
        if not self.retention_known:
            said.append("and we may not ask how long the topic keeps them (grant DESCRIBE_CONFIGS)")
        return ", ".join(said)


class Judge(NamedTuple):
    """Says which letters can go, and counts the others. One from before `oldest_ms`, by its own time, stays: the topic
    would not take it, or might delete it unread."""

    plan: RedrivePlan
    erasures: Erasures
    topic: str
    oldest_ms: float
    outcome: Outcome
    known: set[tuple[str, int, int, int]]

    def good(self, found: Sequence[StoredLetter]) -> Iterator[tuple[int, DeadLetter | None]]:
        """Those that can go, with their offsets."""
        for each in found:
            self.outcome.letters += 1
            letter = each.letter
            if each.redriven:
                self.outcome.already += 1
                if letter is not None:
                    self.known.add(_record(letter))
            elif letter is None or not self.asked(letter):
                self.outcome.passed += 1
            elif letter.original_bytes is not None:
                self.outcome.gone += 1
            elif self._goes(letter, each.time_ms):
                yield from self._way(each.place.offset, letter)

    def _way(self, offset: int, letter: DeadLetter) -> Iterator[tuple[int, DeadLetter | None]]:
        """A worker that crashed refuses a record again: it goes once, and both are marked."""
        record = _record(letter)
        if record in self.known:
            self.outcome.already += 1
            yield offset, None
        elif letter.timestamp_ms is not None and letter.timestamp_ms < self.oldest_ms:
            self.outcome.expired += 1
        else:
            self.known.add(record)
            yield offset, letter

    def asked(self, letter: DeadLetter) -> bool:
        """Whether the plan is for it."""
        return letter.topic == self.plan.topic and self.plan.reason in (None, letter.reason)

    def _goes(self, letter: DeadLetter, refused_ms: int) -> bool:
        """Judged as it was, by what would read it now; one that had no timestamp gets one when it goes back."""
        time_ms = refused_ms if letter.timestamp_ms is None else letter.timestamp_ms
        record = _AsItWas(letter.offset, time_ms, letter.key, letter.value, letter.own_headers)
        decoded = self.plan.dialect.decode([record])
        for refusal in decoded.refused:
            self.outcome.still_bad[refusal.reason] = self.outcome.still_bad.get(refusal.reason, 0) + 1
        if decoded.refused:
            return False
        shoppers = {event.shopper_id for _, _, event in decoded.events}
        if any(erased(letter, refused_ms, self.erasures.get(each), self.topic) for each in shoppers):
            self.outcome.erased += 1
            return False
        return True


def _record(letter: DeadLetter) -> tuple[str, int, int, int]:
    """Which record it is of. The value counts too: offsets begin anew in a new topic."""
    return letter.topic, letter.partition, letter.offset, hash(letter.value)


class _AsItWas(NamedTuple):
    """The refused record, for a dialect to judge."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
