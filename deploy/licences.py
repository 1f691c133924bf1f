"""Licences: docs/licences.md, made from constraints.txt and what is installed: `python deploy/licences.py`.

A package that is not installed on this Python keeps its line of the page.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
ROOTS = ("penchant", "penchant[http,serve,traces]")
"""What is installed to serve; all else is for development, benches and the embedded servers."""

UNKNOWN = "unknown"
LONGEST = 60
"""Characters of a licence's name; what is longer is its text."""

HEAD = """\
# Licences

<!-- Made by `python deploy/licences.py > docs/licences.md`; a test holds it to what is installed. -->

The licence of each package of constraints.txt, as the package itself says.
*Service* is what `pip install 'penchant[http,serve,traces]'` brings.
*Development* is all else: tests, embedded servers.
Penchant itself is under Apache-2.0.
What the optional wheel of `native/` has in it, all under MIT or Apache-2.0, [its README](../native/README.md) lists.

| package | version | licence | for |
|---|---|---|---|
"""


def page() -> str:
    """The text of docs/licences.md."""
    known = lines(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    serves = set(closure(ROOTS))
    return HEAD + "".join(f"| {' | '.join(_cells(pin, known, serves))} |\n" for pin in pins())


def pins() -> Iterator[tuple[str, str]]:
    """Name and version of each line of constraints.txt."""
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            yield name, version.partition(";")[0]


def lines(text: str) -> Mapping[tuple[str, str], list[str]]:
    """The cells of a page by package and version."""
    rows = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| "))
    return {(cells[0], cells[1]): cells for cells in rows if cells[0] != "package"}


def licence(found: Distribution) -> str:
    """As its metadata say: an expression, classifiers, or the name in the old field."""
    metadata = found.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classified = [each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")]
    names = [each.rpartition(" :: ")[2] for each in classified if each.count(" :: ") > 1 or "OSI" not in each]
    if names := [name for name in names if name != "DFSG approved"]:
        return ", ".join(names)
    named = metadata["License"].strip() if "License" in metadata else ""
    first = named.partition("\n")[0]
    return first if 0 < len(first) <= LONGEST and not first.lower().startswith("copyright") else _by_text(named, found)


def closure(roots: tuple[str, ...]) -> Iterator[str]:
    """The names of what these need, by what is installed, in one form of writing."""
    waiting, seen = [Requirement(each) for each in roots], set[str]()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen:
            continue
        seen.add(str(wanted))
        try:
            needs = distribution(wanted.name).requires or ()
        except PackageNotFoundError:
            continue
        yield normal(wanted.name)
        extras = wanted.extras or {""}
        needed = [Requirement(each) for each in needs]
        waiting += [
            each for each in needed if not each.marker or any(each.marker.evaluate({"extra": x}) for x in extras)
        ]


def normal(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _cells(pin: tuple[str, str], known: Mapping[tuple[str, str], list[str]], serves: set[str]) -> list[str]:
    name, version = pin
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return known.get(pin, [name, version, UNKNOWN, "development"])
    return [name, version, licence(found), "service" if normal(name) in serves else "development"]


def _by_text(named: str, found: Distribution) -> str:
    """The licence whose text stands in the metadata, or in a file beside them."""
    beside = [each for each in found.files or () if each.name.upper().startswith(("LICENSE", "LICENCE", "COPYING"))]
    texts = [named, *(each.read_text() for each in beside)]
    return next((name for text in texts for name in ("Apache", "BSD", "MIT") if name in text), UNKNOWN)


if __name__ == "__main__":
    sys.stdout.write(page())
