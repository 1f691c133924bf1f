"""A report of `penchant whatif` as a page."""

import re
from typing import Any

from penchant.offline.whatif.figures import MEANINGS, change
from penchant.offline.whatif.page import PICTURED, beside_words, page, words
from penchant.offline.whatif.real_answers import REAL_MEANINGS


def report(*calls: float | None) -> dict[str, Any]:
    """Ways to run it with so many calls each; what else there is, is three."""
    rows = [{name: each if name == "calls" else 3.0 for name in MEANINGS} for each in calls]
    ways = [
        {"name": f"<way {at}>", **row, "change": {name: change(rows[0][name], row[name]) for name in MEANINGS}}
        for at, row in enumerate(rows)
    ]
    return {"source": "a & b", "played": 1_000, "each": 1, "seconds": 60.0, "variants": ways}


def test_every_figure_of_every_way_is_there() -> None:
    """In the table, each with how it is made, and a bar a way for those that are asked first."""
    text = page(report(100.0, 50.0))
    assert all(text.count(f"<td>{name}</td>") == 1 for name in MEANINGS)
    assert text.count("<rect") == len(PICTURED) * 2
    assert "50.0 (-50.0%)" in text


def test_the_longest_bar_is_of_the_most() -> None:
    """And the others are in proportion."""
    widths = [int(each) for each in re.findall(r'<rect[^>]*width="(\d+)"', page(report(100.0, 50.0, 200.0)))]
    assert widths[:3] == [180, 90, 360]


def test_what_cannot_be_said_has_no_bar() -> None:
    """Nothing at all, or no calls of any way."""
    assert "-</text>" in page(report(None, 0.0))
    assert words(None, None) == "-"


def test_real_answers_stand_beside_what_was_assumed() -> None:
    """Where some calls were made; what is as it was assumed is said once."""
    rows = {name: {"real": 0.5, "assumed": 1.0} for name in REAL_MEANINGS} | {"asked": {"real": 4, "assumed": 4}}
    text = page(report(1.0) | {"real_answers": [{"name": "<way 0>", **rows}]})
    assert "0.5 (assumed 1.0)" in text
    assert ">4</td>" in text
    assert "<way" not in text
    assert "Answers of a real model" not in page(report(1.0))
    assert beside_words(None, 80.0) == "-"


def test_names_are_text() -> None:
    """A setting's value may look like a tag; and nothing is fetched from anywhere."""
    text = page(report(1.0))
    assert "&lt;way 0&gt;" in text
    assert "<way" not in text
    assert "a &amp; b" in text
    assert "http" not in text
    assert "<script" not in text
