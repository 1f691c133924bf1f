"""Profile file: what differs between two settings, as a profile. Pure."""

from itertools import groupby

from penchant.settings.catalogue import catalogue
from penchant.settings.example import toml
from penchant.settings.root import Settings


def profile_text(chosen: Settings, in_force: Settings, why: str) -> str:
    """A TOML file that makes `chosen` of `in_force`; `why` is its first line."""
    changed = [
        entry
        for entry in catalogue().values()
        if entry.name != "profile" and entry.value(chosen) != entry.value(in_force)
    ]
    lines = [f"# {why}"]
    for section, entries in groupby(changed, key=lambda entry: entry.section):
        lines += ["", f"[{section}]", *(f"{entry.key} = {toml(entry.value(chosen))}" for entry in entries)]
    return "\n".join(lines) + "\n"
