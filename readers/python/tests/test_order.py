"""The first step of a match in the ranker's own process, as the fixtures say that the service computes it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from penchant_reader import Candidate, ReadIntent, in_order
from penchant_reader.decoding import decode
from penchant_reader.fields import ALL
from penchant_reader.intent import ignore

FIXTURE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "fixtures" / "orders.json").read_text("utf-8"))


def read(case: dict[str, Any]) -> ReadIntent:
    """The intent of a fixture's hash; missing where it has no fields."""
    values = [case["fields"][name].encode() if name in case["fields"] else None for name in ALL]
    return decode("ada", values, FIXTURE["read_at_ms"], ignore)


def candidate(told: dict[str, Any]) -> Candidate:
    """One of a fixture."""
    return Candidate(told.get("item", ""), told["category"], told["brand"], told["price"])


@pytest.mark.parametrize("case", FIXTURE["cases"], ids=lambda case: case["case"])
def test_it_is_the_services(case: dict[str, Any]) -> None:
    """Order and scores; equals keep their places."""
    last = candidate(case["last"]) if case["last"] else None
    found = in_order(read(case), map(candidate, FIXTURE["candidates"]), last, case["by"])
    assert [each.candidate.item for each in found] == [each["item"] for each in case["order"]]
    assert [each.score for each in found] == pytest.approx([each["score"] for each in case["order"]], abs=2e-6)


def test_where_nothing_is_known_the_order_given_stands() -> None:
    """Neither intent nor last product; nobody to put in order is no error."""
    nothing = ReadIntent("ada", missing=True)
    given = [candidate(each) for each in FIXTURE["candidates"]]
    assert [each.candidate for each in in_order(nothing, given)] == given
    assert in_order(nothing, []) == []


@pytest.mark.parametrize("none", [math.nan, math.inf, -5.0, 0.0])
@pytest.mark.parametrize("case", FIXTURE["cases"], ids=lambda case: case["case"])
def test_a_price_that_is_none_is_as_one_that_is_not_known(case: dict[str, Any], none: float) -> None:
    """A table says NaN of what it lacks; that disturbs the order of no other candidate."""
    last = candidate(case["last"]) if case["last"] else None
    given = [candidate(each) for each in FIXTURE["candidates"]]
    unknown, wrong = (
        [each._replace(price=price) if each.item == "sku-2" else each for each in given] for price in (None, none)
    )
    expected, found = (in_order(read(case), each, last, case["by"]) for each in (unknown, wrong))
    assert [(each.candidate.item, each.score) for each in found] == [
        (each.candidate.item, each.score) for each in expected
    ]
    assert in_order(read(case), given, Candidate("", price=none), case["by"]) == in_order(
        read(case), given, Candidate(""), case["by"]
    )
