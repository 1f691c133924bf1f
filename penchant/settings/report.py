"""Report: every setting in force and where it came from, as it may leave this process."""

from typing import Any

from penchant.settings.catalogue import catalogue
from penchant.settings.problems import masked
from penchant.settings.sources import Loaded


def report(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """By full name `value`, where it is no secret, and `origin`."""
    return {
        name: {"value": masked(entry, entry.value(loaded.settings)), "origin": loaded.origins[name]}
        for name, entry in catalogue().items()
    }
