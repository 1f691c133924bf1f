"""Campaigns: how a line of knowledge names one, and what is left of the line once its time is over. Pure."""

import re
from datetime import UTC, datetime

from prompts.guard import clean
from streams.records.products import Campaign

LONGEST_CAMPAIGN = 60
"""Characters of a name."""

_ENDS = re.compile(r"campaign [^,]* until (\d{4}-\d\d-\d\dT\d\d:\d\dZ)(?:, |$)", re.ASCII)


def clause(campaign: Campaign) -> str:
    """What a line begins with, such as `campaign Black Week until 2026-12-01T00:00Z`; the time is cut to its minute.
    Empty where nothing of the name can be shown."""
    name = " ".join(clean(campaign.name, LONGEST_CAMPAIGN).replace(",", " ").split())
    if not name or campaign.until_ms is None:
        return f"campaign {name}" if name else ""
    ends = datetime.fromtimestamp(campaign.until_ms / 1e3, UTC).isoformat(timespec="minutes")
    return f"campaign {name} until {ends.removesuffix('+00:00')}Z"


def current(line: str, now_ms: float) -> str:
    """The line without a campaign whose time is over."""
    if not (found := _ENDS.match(line)):
        return line
    try:
        ends_ms = datetime.fromisoformat(found[1]).timestamp() * 1e3
    except ValueError:  # the shop's own words, and no time
        return line
    return line[found.end() :] if ends_ms <= now_ms else line
