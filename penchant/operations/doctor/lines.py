"""Lines: findings as people read them, in a terminal or in a file. Pure."""

import textwrap
from collections.abc import Iterable, Iterator

from penchant.operations.doctor.findings import Finding, Severity

MARGIN = " " * 8
ARROW = "-> "


def lines(findings: Iterable[Finding], columns: int | None) -> Iterator[tuple[Severity, str]]:
    """The worst first; within a severity as they were found. No word is cut: one that is wider than `columns` has a
    line of its own. None: each finding is one line, and so is each remedy."""
    for finding in sorted(findings, key=lambda finding: -finding.severity):
        texts = [(f"{finding.severity.name.lower():8}{finding.subject}: {finding.found}", MARGIN)]
        if finding.remedy:
            texts.append((f"{MARGIN}{ARROW}{finding.remedy}", MARGIN + " " * len(ARROW)))
        for text, margin in texts:
            for line in _wrapped(text, margin, columns):
                yield finding.severity, line


def _wrapped(text: str, margin: str, columns: int | None) -> list[str]:
    plain = text.replace("\n", " ")
    if columns is None:
        return [plain]
    return textwrap.wrap(
        plain, columns, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False, tabsize=1
    )
