"""Commands of the pages: each is there, with the options that a page gives it."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from penchant.cli.main import app
from tests.docs.test_links import PAGES, ROOT

BLOCK = re.compile(r"^```(?:console|bash|sh)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S+ )*penchant (.+)$", re.MULTILINE)
ENDS = {"|", ">", ">>", "<", "&", "&&", ";", "#"}

PENCHANT = typer.main.get_command(app)


def commands(text: str) -> Iterator[list[str]]:
    """The words of every command of ours in the blocks of a page, up to a pipe or the like."""
    for block in BLOCK.findall(text):
        for line in OURS.findall(block.replace("\\\n", " ")):
            words = shlex.split(line, comments=True)
            ends = [at for at, word in enumerate(words) if word in ENDS]
            yield words[: min(ends, default=len(words))]


def unknown(words: list[str]) -> list[str]:
    """What of it there is not: a command, or options."""
    found: Any = PENCHANT
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        name, *words = words
        if name not in found.commands:
            return [name]
        _, found, _ = found.resolve_command(typer.Context(found), [name])  # it is imported by now
    known = {name for each in found.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    return [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_types_is_there(page: Any) -> None:
    """Commands and options; what they are given is not looked at."""
    wrong = {" ".join(words): missing for words in commands(page.read_text("utf-8")) if (missing := unknown(words))}
    assert wrong == {}


def test_the_pages_have_commands_and_wrong_ones_are_seen() -> None:
    """Or the test above would say nothing."""
    assert sum(1 for page in PAGES for _ in commands(page.read_text("utf-8"))) > 100
    assert unknown(["products", "run", "--in", "a.csv", "--no-such-option"]) == ["--no-such-option"]
    assert unknown(["products", "no-such-command"]) == ["no-such-command"]
    assert unknown(["match", "--sentence", "ada", "sku-1"]) == []
