"""Moments: where a replay begins and ends, as people write it. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.errors import SettingInvalid

AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
REMEDY = "write earliest, latest, 2h (ago), 2026-01-31T08:00 (UTC unless it says otherwise), or an offset as @1500"


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the two: epoch milliseconds of a record's timestamp, or an offset of every partition. Neither: an end of
    the log."""

    time_ms: int | None = None
    offset: int | None = None


EARLIEST, LATEST = "earliest", "latest"


def moment(text: str, now_ms: int) -> Moment:
    """Read one; raises SettingInvalid."""
    if text in (EARLIEST, LATEST):
        return Moment()
    if text.startswith("@") and text[1:].isdigit():
        return Moment(offset=int(text[1:]))
    if found := AGO.fullmatch(text):
        return Moment(time_ms=now_ms - int(float(found[1]) * UNITS_S[found[2]] * 1_000))
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise SettingInvalid(f"{text!r} is no moment", REMEDY) from exc
    return Moment(time_ms=int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000))
