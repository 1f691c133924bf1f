"""Readings: how metrics are read from what a worker measures itself with. Any thread may."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, get_args

from agents.health.histogram import Histogram
from agents.health.snapshot import Dependency, PartitionVitals, Vitals
from agents.worker.assignment import Cause
from agents.worker.instruments import Instruments
from streams.events.decoding import Reason

Sample = tuple[tuple[str, ...], float | Histogram]
"""The values of the labels, and the value."""

Source = TypeVar("Source")
Reading = Callable[[Source], Iterable[Sample]]
"""Reads a metric from what a process measures itself with."""


def count(field: str) -> Reading[Instruments]:
    """A plain count of the meter."""
    return lambda instruments: [((), getattr(instruments.meter, field))]


def seen(value: Callable[[Vitals], float]) -> Reading[Instruments]:
    """Something of the latest vitals; nothing before there are any."""

    def read(instruments: Instruments) -> Iterator[Sample]:
        if (vitals := instruments.health.vitals) is not None:
            yield (), value(vitals)

    return read


def partitions(value: Callable[[PartitionVitals, float], float | None]) -> Reading[Instruments]:
    """Something of each partition, and the time now; None is left out."""

    def read(instruments: Instruments) -> Iterator[Sample]:
        vitals = instruments.health.vitals
        for partition in vitals.partitions if vitals is not None else ():
            if (found := value(partition, time.monotonic())) is not None:
                yield (partition.topic, str(partition.number)), found

    return read


def unchanged(instruments: Instruments) -> Iterable[Sample]:
    """Events that changed nothing, by why."""
    meter = instruments.meter
    counts = {
        "repeated": meter.repeated,
        "duplicate": meter.duplicates,
        "late": meter.late,
        "ignored": meter.ignored,
        "no_consent": meter.without_consent,
        "minor": meter.minors,
        "sensitive": meter.withheld,
        "erased": meter.erased,
        "opted_out": meter.opted_out,
    }
    return [((reason,), count) for reason, count in counts.items()]


def sensitive(instruments: Instruments) -> Iterable[Sample]:
    """Events that lost what is sensitive, by what became of it and the pattern."""
    return [(key, count) for key, count in instruments.meter.sensitive.copy().items()]


def rewinds(instruments: Instruments) -> Iterable[Sample]:
    """Partitions read again, by why."""
    return [((cause,), instruments.meter.rewinds[cause]) for cause in get_args(Cause)]


def faults(instruments: Instruments) -> Iterable[Sample]:
    """Exceptions that nobody expected, by work and kind."""
    return [(key, count) for key, count in instruments.meter.faults.copy().items()]


def dead_letters(instruments: Instruments) -> Iterable[Sample]:
    """Refused records, by why."""
    return [((reason,), instruments.meter.dead_letter_reasons[reason]) for reason in get_args(Reason)]


def in_time(instruments: Instruments) -> Iterable[Sample]:
    """Events that were followed, by whose intent could be read before the next one."""
    seen = instruments.meter.in_time
    return [
        (("model",), seen.by_model - seen.by_left_out),
        (("left_out",), seen.by_left_out),
        (("rules",), seen.by_any - seen.by_model),
        (("late",), seen.followed - seen.by_any),
    ]


def intents(instruments: Instruments) -> Iterable[Sample]:
    """Intents, by who made them."""
    meter = instruments.meter
    return [(("model",), meter.intents - meter.rules_intents), (("rules",), meter.rules_intents)]


def tokens(instruments: Instruments) -> Iterable[Sample]:
    """Tokens, by kind."""
    meter = instruments.meter
    counts = {"input": meter.input_tokens, "cached": meter.cached_tokens, "output": meter.output_tokens}
    return [((kind,), count) for kind, count in counts.items()]


def sessions(instruments: Instruments) -> Iterator[Sample]:
    """Sessions, by form."""
    if (vitals := instruments.health.vitals) is not None:
        yield ("hot",), vitals.held.hot
        yield ("packed",), vitals.held.packed


def up(instruments: Instruments) -> Iterator[Sample]:
    """1 for each dependency that answers."""
    if (vitals := instruments.health.vitals) is not None:
        for dependency in get_args(Dependency):
            yield (dependency,), dependency not in vitals.away


def age_s(partition: PartitionVitals, now_s: float) -> float:
    """How long the oldest uncovered work has been so."""
    return max(now_s - partition.oldest_s, 0.0) if partition.oldest_s is not None else 0.0


def commit_age_s(partition: PartitionVitals, now_s: float) -> float:
    """How long the confirmed offset has stood still while received work was not covered by it."""
    return max(now_s - partition.moved_s, 0.0) if partition.span and partition.moved_s is not None else 0.0


def rebalances(instruments: Instruments) -> Iterator[Sample]:
    """How often partitions were assigned."""
    if (vitals := instruments.health.vitals) is not None:
        yield (), vitals.rebalances
