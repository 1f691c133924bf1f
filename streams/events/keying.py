"""Keying: whether records of a topic are keyed by their shoppers, judged by a sample. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.events.decoding import Decoder, Record
from streams.events.dialects import Dialect

FEW, SHARE = 3, 0.2
"""Up to so many events under a wrong key, or up to this share of all, may be mishaps: they are refused one by one."""


@dataclass(frozen=True, slots=True)
class Keying:
    """What a sample shows: how many records, how many of them events, how many of those without a key or with another
    than their shopper, and how many shoppers stand in two partitions with their events keyed well."""

    records: int
    events: int
    no_key: int
    other_key: int
    split: int

    @property
    def fault(self) -> str | None:
        """Why a topic like this cannot be consumed, in words; None when it can."""
        wrong = self.no_key + self.other_key
        if wrong > FEW and wrong > SHARE * self.events:
            return f"{wrong} of {self.events} sampled events are not keyed by their shopper ({self._how()})"
        if self.split:
            return (
                f"shoppers stand in more than one partition ({self.split} of those in {self.records} sampled records)"
            )
        return None

    def _how(self) -> str:
        how = {"have no key": self.no_key, "have another key than their shopper": self.other_key}
        return ", ".join(f"{count} {words}" for words, count in how.items() if count)


def examine(sample: Mapping[int, Sequence[Record]], dialect: Dialect | None = None) -> Keying:
    """Judge records by partition; what is no event at all says nothing about keys. `dialect` minds keys; native, if
    none is given."""
    dialect = dialect or Decoder()
    homes: dict[str, set[int]] = defaultdict(set)
    events = no_key = other_key = 0
    for partition, records in sample.items():
        decoded = dialect.decode(records)
        events += len(decoded.events)
        for _, _, event in decoded.events:
            homes[event.shopper_id].add(partition)
        keys = [refusal.record.key for refusal in decoded.refused if refusal.reason == "key"]
        no_key += sum(key is None for key in keys)
        other_key += sum(key is not None for key in keys)
    split = sum(len(partitions) > 1 for partitions in homes.values())
    number = sum(map(len, sample.values()))
    return Keying(number, events + no_key + other_key, no_key, other_key, split)
