"""Moments: where a replay or a new group begins, and where a replay ends, as people write it. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from streams.errors import SettingInvalid

AGO = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", re.ASCII)
OFFSET = re.compile(r"@(\d{1,18})", re.ASCII)
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
TIMES = "earliest, latest, 2h (ago), 2026-01-31T08:00 (UTC unless it says otherwise)"
REMEDY = f"write {TIMES}, or an offset as @1500"
EARLIEST, LATEST = "earliest", "latest"


@dataclass(frozen=True, slots=True)
class Moment:
    """One of the two: epoch milliseconds of a record's timestamp, or an offset of every partition. Neither: the end of
    the log."""

    time_ms: int | None = None
    offset: int | None = None


def moment(text: str, now_ms: int) -> Moment:
    """Read one; raises SettingInvalid. Times before 1970 are 1970."""
    if text == LATEST:
        return Moment()
    if text == EARLIEST:
        return Moment(offset=0)
    if match := OFFSET.fullmatch(text):
        return Moment(offset=int(match[1]))
    if match := AGO.fullmatch(text):
        return Moment(time_ms=max(now_ms - int(float(match[1]) * UNITS_S[match[2]] * 1_000), 0))
    try:
        at = datetime.fromisoformat(text)
        time_ms = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1_000)
    except (ValueError, OverflowError) as exc:
        raise SettingInvalid(f"{text!r} is no moment", REMEDY) from exc
    return Moment(time_ms=max(time_ms, 0))
