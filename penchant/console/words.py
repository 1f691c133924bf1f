"""Words: numbers as people read them, apart from their units, so that these can be small. Pure."""

from typing import NamedTuple

MISSING = "-"


class Figure(NamedTuple):
    """A number and its unit; of what is not known a hyphen."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.number} {self.unit}".rstrip()


def count(value: float | None, unit: str = "") -> Figure:
    """11,840"""
    return Figure(MISSING) if value is None else Figure(f"{value:,.0f}", unit)


def rate(value: float | None) -> Figure:
    """3.4 /s"""
    if value is None:
        return Figure(MISSING)
    return Figure(f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.1f}", "/s")


def seconds(value: float | None) -> Figure:
    """120 ms, 1.9 s, 4 min, 3 h"""
    if value is None:
        return Figure(MISSING)
    if value < 1:
        return Figure(f"{value * 1e3:.0f}", "ms")
    if value < 120:
        return Figure(f"{value:.1f}" if value < 10 else f"{value:.0f}", "s")
    if value < 7_200:
        return Figure(f"{value / 60:.0f}", "min")
    return Figure(f"{value / 3_600:.0f}", "h") if value < 172_800 else Figure(f"{value / 86_400:.0f}", "days")


def a_second(value: float | None, what: str) -> str:
    """26 events a second"""
    return f"{rate(value).number} {what} a second"


def share(value: float | None) -> Figure:
    """96 %"""
    if value is None:
        return Figure(MISSING)
    percent = value * 100
    return Figure(f"{percent:.1f}" if 0 < percent < 10 else f"{percent:.0f}", "%")


def money(value: float | None) -> Figure:
    """In the currency of the prices, which names none."""
    return Figure(MISSING) if value is None else Figure(f"{value:.3f}" if value < 0.1 else f"{value:,.2f}")


def many(number: int, one: str, more: str = "") -> str:
    """1 worker, 2 workers"""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def switch_words(name: str, value: str) -> str:
    """What a switch does, in a few words."""
    return {
        "rules_only": "Rules only: no calls are made",
        "freeze_writes": "Writes are frozen: nothing is written, everything waits",
        "pause": "Paused: no more events are read",
        "prompt_version": f"Prompt version {value} for all",
        "calls_per_second": f"At most {value} calls a second",
        "share_batch": f"Jobs may have {value} of the calls that live traffic leaves",
        "share_replay": f"Replays may have {value} of their calls in flight",
    }.get(name, f"{name.replace('_', '-')}: {value}")
