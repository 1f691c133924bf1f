"""Probing: how a probe tells people what it found; pure."""

from collections.abc import Sequence


def description(what: str, lacks: Sequence[str]) -> str:
    """One line: what was found, and what it lacks of what we could use."""
    return f"{what} (without {' and '.join(lacks)})" if lacks else what
