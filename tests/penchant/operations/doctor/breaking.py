"""Breaking: one thing is broken at a time, and what doctor finds then that it does not find of a sound installation."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from penchant.operations.doctor.examination import checks_of, examine
from penchant.operations.doctor.findings import INFO, Finding
from penchant.settings.root import Settings

Tree = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What the one finding says: its subject, words of what is found, and words of the remedy."""

    subject: str
    found: str
    remedy: str


async def bad(tree: Mapping[str, Any], role: str = "worker") -> list[Finding]:
    """Warnings and errors of an examination; settings alone are judged elsewhere."""
    findings = await examine(Settings.model_validate(tree), checks_of(role))
    return [each for each in findings if each.severity > INFO and each.subject != "settings"]


def changed(tree: Tree, change: Mapping[str, Mapping[str, object]]) -> Tree:
    """The settings with some of them set otherwise."""
    return tree | {name: {**tree.get(name, {}), **values} for name, values in change.items()}


def one(findings: Iterable[Finding], sound: Iterable[Finding]) -> Finding:
    """The one finding that a sound installation has not."""
    known = set(sound)
    new = [each for each in findings if each not in known]
    assert len(new) == 1, new
    return new[0]


def tells(finding: Finding, told: Told) -> None:
    """It says what it is to say."""
    assert finding.subject == told.subject
    assert told.found in finding.found
    assert told.remedy in finding.remedy
