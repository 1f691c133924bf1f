"""Native reader: the quick way from JSON to shopper events in Rust, where native/ is installed. Pure.

It makes the same events as streams/events/wire.py, asks it about whatever has a rule of its own, and leaves every
record that it is not sure of to Python.
"""

from itertools import product
from typing import get_args

from streams.events.consent import consent_of
from streams.events.event import Action, ShopperEvent
from streams.events.placeholders import SPELLINGS
from streams.events.wire import LONGEST_LIST, SHOPPERS, Wire

try:
    import penchant_native
except ImportError:  # it is optional
    penchant_native = None  # type: ignore[assignment]

MADE_FOR = "0.1.0"
"""The version of penchant-native that has the bounds of this version of Penchant."""

REMEDY = "pip install ./native, of the same version of Penchant"


INSTALLED: str | None = None if penchant_native is None else penchant_native.VERSION


def native_reader(wire: Wire, products: int) -> "penchant_native.Reader | None":
    """A reader that asks `wire` and remembers as many products; None where none that fits is installed."""
    if penchant_native is None or INSTALLED != MADE_FOR:
        return None
    return penchant_native.Reader(
        ShopperEvent,
        wire,
        spellings=SPELLINGS,
        actions=get_args(Action),
        consents=[consent_of(*pair) for pair in product((None, False, True), repeat=2)],
        products=products,
        shoppers=SHOPPERS,
        longest_list=LONGEST_LIST,
    )


def decoder_name(installed: str | None = INSTALLED) -> str:
    """By what native records are read with that version of penchant-native, in words."""
    if installed is None:
        return "Python"
    if installed != MADE_FOR:
        return f"Python (penchant-native {installed} is of another version: {REMEDY})"
    return f"Rust (penchant-native {installed})"
