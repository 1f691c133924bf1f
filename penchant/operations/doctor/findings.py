"""Findings: what a check has to say. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad it is. `info` is as it should be, or only good to know."""

    INFO = 0
    WARNING = 1  # it works, and will not when something else happens
    ERROR = 2  # a worker would not start, would stop, or would lose something


INFO, WARNING, ERROR = Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found about a subject (`kafka`, `redis`), in words, and what to do about it."""

    subject: str
    severity: Severity
    found: str
    remedy: str = ""


STATUS = {INFO: 0, WARNING: 3, ERROR: 1}
"""The exit status by the worst: 1 is what every command says when something does not work, 2 is bad usage."""


def worst(findings: Iterable[Finding]) -> Severity:
    """The severity of the worst; INFO of none."""
    return max((finding.severity for finding in findings), default=INFO)
