"""Times: milliseconds since the epoch, and what other units look like. Pure.

A time in seconds, read as milliseconds, is in January 1970; one in microseconds is beyond the year 50,000. The units of
this century do not overlap, so that a wrong one is known for what it is.
"""

from streams.errors import EventRefused

EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000
"""Shops' events happen between the beginnings of 2000 and 2100."""

PER_SECOND = {"seconds": 1, "milliseconds": 1_000, "microseconds": 1_000_000, "nanoseconds": 1_000_000_000}


def checked_ms(time_ms: int, path: str) -> int:
    """A time that an event may have; EventRefused with the reason `unit` for any other."""
    if EARLIEST_MS <= time_ms <= LATEST_MS:
        return time_ms
    raise wrong_unit(time_ms, path, "milliseconds")


def of_micros(micros: object, path: str) -> int:
    """Milliseconds of a number, or its text, that is in microseconds by its field's name; EventRefused."""
    if type(micros) is int and EARLIEST_MS * 1_000 <= micros <= LATEST_MS * 1_000:
        return micros // 1_000
    try:
        number = int(micros) if isinstance(micros, str | int | float) and not isinstance(micros, bool) else None
    except (ValueError, OverflowError):
        number = None
    if number is None:
        raise EventRefused("unit", path, "is no whole number of microseconds")
    if EARLIEST_MS <= number // 1_000 <= LATEST_MS:
        return number // 1_000
    raise wrong_unit(number, path, "microseconds")


def wrong_unit(number: float, path: str, wanted: str) -> EventRefused:
    """Why a number is no time in the unit that is wanted, by the unit that it would be one in."""
    for unit, rate in PER_SECOND.items():
        if unit != wanted and EARLIEST_MS * rate <= number * 1_000 <= LATEST_MS * rate:
            return EventRefused("unit", path, f"looks like {unit}: send {wanted} since 1970")
    return EventRefused("unit", path, f"is no time between 2000 and 2100: send {wanted} since 1970")


NO_TIME = "the Kafka record's timestamp"
"""The path of a refusal for a record whose own timestamp is none."""


def record_refused(timestamp_ms: int) -> EventRefused:
    """Why a record with such a timestamp is refused: its events' times are held against it."""
    if timestamp_ms < 0:
        detail = "is missing: let the producer set it, or the topic (message.timestamp.type=LogAppendTime)"
        return EventRefused("unit", NO_TIME, detail)
    return wrong_unit(timestamp_ms, NO_TIME, "milliseconds")
