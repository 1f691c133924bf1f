"""Boundary: the one place where an exception becomes what the worker does next: dead letter, retry, drop or stop.

What is of the error tree does what its verb says. Anything else is a *fault*: a mistake of ours, or what a library
raised that no edge maps. It belongs to one record, call, letter or key, and ends no worker.
"""

import traceback
from collections import Counter
from enum import StrEnum
from typing import Literal, Protocol

import structlog

from agents.health.statistics import Meter
from agents.worker.backlog import Backlog
from agents.worker.shoppers import MODEL_TRIES, Owed, Shopper
from streams.errors import Drop, Refuse, Retry, Stop

Work = Literal["record", "call", "parking", "marks", "letter", "history", "shadow", "answers", "impressions"]
"""What was being done."""

RULES_TRIES, WRITE_TRIES = 3, 3
"""How many more faults the work may meet once the model is left out: then the rules are, at last the shopper."""

FAULT_BACKOFF_S, LONGEST_FAULT_BACKOFF_S = 0.5, 30.0

log = structlog.get_logger()


class Verb(StrEnum):
    """What to do about an exception. Stop is no value of it: what says so is raised."""

    REFUSE = "refuse"
    RETRY = "retry"
    DROP = "drop"
    FAULT = "fault"


class CountsFaults(Protocol):
    """What counts faults, by work and kind."""

    faults: Counter[tuple[str, str]]


def judge(error: Exception, work: Work, meter: CountsFaults) -> Verb:
    """What to do about an exception that ended some work. Raises it again when it says Stop.

    A fault is counted; the first of its kind is logged with its traceback, without its message, which may quote a
    shopper.
    """
    if isinstance(error, Stop) or (isinstance(error, ExceptionGroup) and error.subgroup(Stop) is not None):
        raise error
    for tree, verb in ((Refuse, Verb.REFUSE), (Retry, Verb.RETRY), (Drop, Verb.DROP)):
        if isinstance(error, tree):
            return verb
    kind = type(error).__name__
    meter.faults[work, kind] += 1
    if meter.faults[work, kind] == 1:
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("fault", work=work, kind=kind, where=where, then="tried again, then done without what failed")
        log.debug("fault.message", work=work, kind=kind, record=str(error))
    return Verb.FAULT


class Requeue:
    """Puts back the shoppers whose work failed, and gives up those whose work always fails."""

    def __init__(self, backlog: Backlog, meter: Meter) -> None:
        self._backlog, self._meter = backlog, meter

    def failed(self, shopper: Shopper, owed: Owed, work: Work, verb: Verb, now_s: float) -> None:
        """The work for what a shopper is owed has failed, and this is to be done about it."""
        if shopper.running is not owed:
            return  # it was done, or put back, before it failed
        if shopper.ended or verb is Verb.DROP:
            self._meter.dropped += 1
            return
        if verb is Verb.FAULT:
            self._count(owed, work)
        if owed.faults >= MODEL_TRIES + RULES_TRIES + WRITE_TRIES and not shopper.home.wants(shopper.id):
            self._give_up(shopper, owed)
            return
        owed.not_before_s = now_s + min(FAULT_BACKOFF_S * 2 ** min(owed.faults, 10), LONGEST_FAULT_BACKOFF_S)
        self._backlog.owe(shopper, owed)

    def _count(self, owed: Owed, work: Work) -> None:
        """Beyond what the model may be charged with, a fault counts only if others were stored since the last one: else
        all of this work fails, and nobody is given up for that."""
        stored = self._meter.parked if work == "parking" else self._meter.intents
        owed.faults += owed.faults < MODEL_TRIES or stored > owed.stored_before
        owed.stored_before = stored

    def without_model(self, owed: Owed) -> bool:
        """Whether to leave the model out: so many faults that the rules answer."""
        return owed.faults >= MODEL_TRIES

    def without_rules(self, owed: Owed) -> bool:
        """Whether to leave the rules out too, and store the session alone."""
        return owed.faults >= MODEL_TRIES + RULES_TRIES

    def _give_up(self, shopper: Shopper, owed: Owed) -> None:
        """As a dead letter does for a record: what is owed is covered, so that it holds up nobody else's commit. The
        next event loads what is stored, and goes on from there."""
        for each in (owed, shopper.owed):
            if each is not None:
                each.settle()
        shopper.running = None
        self._backlog.drop(shopper)
        shopper.home.shoppers.pop(shopper.id, None)
        self._meter.given_up += 1
        log.error(
            "shopper.given_up",
            shopper=shopper.id,
            partition=shopper.home.number,
            offset=shopper.folded,
            then="the next event goes on from what is stored",
        )
