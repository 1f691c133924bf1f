"""Features: what a predictor is told of a candidate and of a price, as numbers alone: no name enters a model.

All are relative to the window and to the snapshot, so a model learned in one shop says nothing of its catalogue.
"""

from collections.abc import Mapping, Sequence
from math import log, log2, nan
from statistics import fmean, pstdev

from prompts.learned.priors import Ends
from prompts.learned.window import Line, Window
from prompts.view import Entry

FAR = 99.0
"""How long ago a name was seen that the window does not have, in lines and in minutes."""

_RECENT = 5
_LEAST = 0.001
_KINDS = {"view": 1.0, "click": 1.0, "search": 2.0, "cart_add": 3.0, "checkout": 3.0, "purchase": 4.0}
_OTHER = 5.0

Row = list[float]
Prior = Mapping[str, float]
"""Shares of names by what other shoppers do."""


def of_names(
    window: Window, lines: Sequence[str], last: str, names: Sequence[str], stay: float, priors: Sequence[Prior]
) -> list[Row]:
    """A row for each candidate, which begins with the log odds of the first prior. `lines` are the categories, or
    brands, of the window's lines, `last` the last known one; `stay` is how likely the last category lasts."""
    about = [stay, *_of_window(window)]
    here = [name for name, line in zip(lines, window.lines, strict=True) if line.category == window.category]
    return [
        [
            log_odds(priors[0][name]), float(name == last), float(here.count(name)),
            *_of_name(window, lines, name), *(prior.get(name, 0.0) for prior in priors), *about,
        ]
        for name in names
    ]  # fmt: skip


def log_odds(share: float) -> float:
    """Of a chance by the counts: where trees begin."""
    share = min(max(share, _LEAST), 1 - _LEAST)
    return log(share / (1 - share))


def of_price(window: Window, ranges: Sequence[Ends | None], stay: float) -> Row:
    """Of a window with prices: where those before and the `ranges` stand, all in doublings from the last price. Prices
    in another currency are left out."""
    last, currency = log2(window.priced[-1].price), window.priced[-1].currency
    priced = [product for product in window.priced if product.currency == currency]
    recent = [log2(product.price) - last for product in priced[-_RECENT:]]
    alike = [
        log2(line.product.price) - last
        for line in window.lines
        if line.product.price and line.product.currency == currency and line.category == window.category
    ]
    of_recent = [fmean(recent), pstdev(recent), min(recent), max(recent), recent[-2] if len(recent) > 1 else nan]
    of_alike = [fmean(alike), min(alike), max(alike)] if alike else [nan] * 3
    return [
        stay, float(len(priced)), *of_recent, *of_alike,
        *(end - last for ends in ranges for end in ends or (nan, nan)),
        *_of_window(window),
    ]  # fmt: skip


def _of_name(window: Window, names: Sequence[str], name: str) -> Row:
    """When, how often and how a name was seen."""
    rows: list[Line] = [line for line, other in zip(window.lines, names, strict=True) if other == name]
    if not rows:
        return [0.0, 0.0, FAR, FAR, FAR, 0.0, 0.0, 0.0, 0.0]
    latest = list(dict.fromkeys(each for each in reversed(names) if each))
    age = next(at for at, other in enumerate(reversed(names)) if other == name)
    run = next((at for at, other in enumerate(reversed(names)) if other != name), len(names))
    actions = [line.entry.action for line in rows]
    return [
        float(len(rows)), len(rows) / len(names), float(age), float(latest.index(name)),
        float(window.lines[-1].entry.minute - rows[-1].entry.minute), float(run),
        float(actions.count("cart_add")), float(actions.count("purchase")),
        float(len({line.product.number for line in rows})),
    ]  # fmt: skip


def _of_window(window: Window) -> Row:
    """How long the window is, and of how much."""
    view, lines = window.view, window.lines
    minutes = [entry.minute for entry in view.entries]
    gap = minutes[-1] - minutes[-2] if len(minutes) > 1 else 0
    numbers = [line.product.number for line in lines]
    return [
        float(view.events), float(len(lines)), float(len(view.products)), float(len(view.categories)),
        float(len(view.brands)), float(minutes[-1] if minutes else 0), float(gap),
        float(numbers.count(numbers[-1]) if numbers else 0), float(not (lines and lines[-1].brand)),
        *(_kind(view.entries, back) for back in (1, 2, 3)),
    ]  # fmt: skip


def _kind(entries: Sequence[Entry], back: int) -> float:
    return _KINDS.get(entries[-back].action, _OTHER) if len(entries) >= back else 0.0
