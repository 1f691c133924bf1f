"""How candidates fit, as the fixtures say that the Java reader is held to as well."""

import json
from pathlib import Path
from typing import Any

import pytest

from penchant_reader import Candidate, ReadIntent, features
from penchant_reader.decoding import decode
from penchant_reader.fields import ALL
from penchant_reader.fit import Features
from penchant_reader.intent import ignore

FIXTURES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "fixtures" / "fits.json").read_text("utf-8"))


def read(case: dict[str, Any]) -> ReadIntent:
    """The intent of a fixture's hash."""
    values = [case["fields"][name].encode() if name in case["fields"] else None for name in ALL]
    return decode("ada", values, case["read_at_ms"], ignore)


@pytest.mark.parametrize("case", FIXTURES["cases"], ids=lambda case: case["case"])
def test_features_are_what_the_fixture_says(case: dict[str, Any]) -> None:
    """Whatever the letters' case, and of what is not known."""
    assert FIXTURES["names"] == list(Features._fields)
    for told in case["candidates"]:
        candidate = Candidate(told["item"], told["category"], told["brand"], told["price"])
        assert list(features(read(case), candidate)) == pytest.approx(told["features"], rel=1e-12)
