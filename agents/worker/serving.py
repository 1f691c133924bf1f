"""Serving: a shopper whose turn has come."""

from dataclasses import dataclass

from agents.worker.routes import Permit
from agents.worker.shoppers import Shopper


@dataclass(frozen=True, slots=True)
class Serving:
    """A shopper who is served, at a slot, from a moment on; for `limiter_s` before that there was none."""

    shopper: Shopper
    permit: Permit
    taken_s: float
    limiter_s: float
