"""Banner: the switches in force, on every page."""

from typing import Any

from penchant.console.snapshot import Snapshot
from penchant.console.words import seconds, switch_words


def banner(seen: Snapshot) -> list[dict[str, Any]]:
    """Each switch: what it does, for how long, who threw it, and how many workers obey."""
    if seen.fleet is None:
        return []
    return [
        {
            "words": switch_words(name, thrown.value),
            "since": str(seconds((seen.at_ms - thrown.at_ms) / 1e3)),
            "who": thrown.who,
            "why": thrown.why,
            "obeyed": seen.fleet.obeyed(name),
            "workers": len(seen.workers),
            "command": f"penchant control clear {name.replace('_', '-')}",
        }
        for name, thrown in sorted(seen.fleet.switches.thrown.items())
    ]
