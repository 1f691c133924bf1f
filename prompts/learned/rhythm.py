"""Rhythm: for how long a session is to be quiet, so that its answer is not overtaken by the next event. Pure.

The gaps after an action are the shop's, by its snapshot, stretched to the shopper's own. While the next event is likely
to come before an answer would, a call is lost: waiting loses nothing, and one call covers both events.
"""

from functools import lru_cache
from itertools import pairwise
from math import log2
from statistics import median

import numpy as np

from prompts.learned.lessons import EVERYONE
from prompts.learned.snapshot import DECILES, Row, Snapshot
from streams.sessions.session import ACTIONS, Session
from streams.sessions.triggers import TriggerRules

STEP_S = 0.25
"""Calls wait for so long, or so many times as long."""

OWN_GAPS, LATEST = 4, 12
"""A shopper's own rhythm is known from so many gaps on, and is that of the latest."""

STRETCH = 2
"""In doublings, by which a shopper may differ from the shop at the most: a pause is no rhythm."""

TAILS = -1.0, 2.0
"""Beyond the outer deciles, in doublings: about where the rest of the gaps ends."""


def quiet_s(session: Session, learned: Snapshot | None, rules: TriggerRules) -> float | None:
    """How long after its last event the session is due; None where nothing is known, or `rules` do not go by it."""
    if not rules.overtaken or learned is None or not session.actions:
        return None
    row = learned.row("gap_after", ACTIONS[session.actions[-1]]) or learned.row("gap_after", EVERYONE)
    if not row:
        return None
    everyone = learned.row("gap_after", EVERYONE) or row
    return _quiet_s(row, _stretch(session, dict(everyone)["50"]), rules.answer_s, rules.overtaken, rules.max_wait_s)


def _stretch(session: Session, usual: float) -> int:
    """By how many doublings the shopper is slower than others usually are."""
    times = sorted({*session.times[-LATEST:]})
    own_s = [(later - earlier) / 1e3 for earlier, later in pairwise(times)]
    if len(own_s) < OWN_GAPS:
        return 0
    return round(min(max(log2(median(own_s)) - usual, -STRETCH), STRETCH))


@lru_cache(4_096)
def _quiet_s(row: Row, stretch: int, answer_s: float, overtaken: float, most_s: float) -> float:
    """The first time at which an answer would more likely come in time, of those up to `most_s`."""
    deciles = [gap + stretch for _, gap in row]
    gaps = [deciles[0] + TAILS[0], *deciles, deciles[-1] + TAILS[1]]
    shares = [0.0, *(each / 100 for each in DECILES), 1.0]
    waits = np.arange(0.0, most_s + STEP_S, STEP_S)
    gone_on, then = (np.interp(np.log2(np.maximum(at, 1e-3)), gaps, shares) for at in (waits, waits + answer_s))
    likely = (then - gone_on) / np.maximum(1 - gone_on, 1e-9)
    first_s = next((wait for wait, each in zip(waits, likely, strict=True) if each < overtaken), most_s)
    return float(min(first_s, most_s))
