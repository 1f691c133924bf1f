"""What the pages point to is there: files, headings, and tests by their names."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

MADE = "run"  # where runs leave what they make
ROOT = Path(__file__).parents[2]
PAGES = [
    *(
        ROOT / name
        for name in (
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "readers/python/README.md",
            "readers/java/README.md",
        )
    ),
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"\.?[\w-]+(?:/[\w.-]+)*/[\w.-]*\w\.[a-z]\w*")
TEST = re.compile(r"(?:([\w/]+\.py)::)?(?:Test\w+::)?(test_\w+)")


def prose(page: Path) -> str:
    """A page without its fenced blocks, which show other people's files."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[tuple[str, str, str]]:
    """The text, file and heading of each relative link."""
    for text, target in LINK.findall(prose(page)):
        if "://" not in target and not target.startswith("mailto:"):
            file, _, heading = target.partition("#")
            yield text, file, heading


@cache
def headings(page: Path) -> frozenset[str]:
    """The names by which a page's headings are linked to."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles)


@cache
def defined_in(file: Path) -> frozenset[str]:
    """The names of the test functions that a file defines."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@cache
def all_tests() -> frozenset[str]:
    """The names of all test functions."""
    files = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "readers").rglob("test_*.py")]
    return frozenset().union(*map(defined_in, files))


def test_the_tests_are_found() -> None:
    """Otherwise the next ones could not fail."""
    assert "test_the_tests_are_found" in all_tests()
    assert len(PAGES) > 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    def test_links_lead_somewhere(self, page: Path) -> None:
        """Each relative link's file is in the repository, and its heading in that file."""
        broken = []
        for _, file, heading in links(page):
            target = (page.parent / file).resolve() if file else page
            if not target.exists() or not target.is_relative_to(ROOT) or (heading and heading not in headings(target)):
                broken.append(f"{file}#{heading}" if heading else file)
        assert not broken

    def test_tests_are_where_links_say(self, page: Path) -> None:
        """A link that is called after a test leads to the file that defines it."""
        astray = [
            f"{name} in {file}"
            for text, file, _ in links(page)
            for _, name in TEST.findall(text)
            if file.endswith(".py")
            and name != Path(file).stem
            and name not in defined_in((page.parent / file).resolve())
        ]
        assert not astray

    def test_files_and_tests_that_are_named_exist(self, page: Path) -> None:
        """In code spans, paths that begin with a folder of the repository, and names of tests."""
        missing = []
        for code in CODE.findall(prose(page)):
            path = PATH.fullmatch(code)
            top = code.split("/")[0]
            if path and top != MADE and (ROOT / top).is_dir() and not (ROOT / code).exists():
                missing.append(code)
            test = TEST.fullmatch(code)
            if test and test[2] not in (defined_in(ROOT / test[1]) if test[1] else all_tests()):
                missing.append(code)
        assert not missing
