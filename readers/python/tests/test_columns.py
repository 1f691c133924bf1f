"""Columns: the same numbers in every language, in an order that a fingerprint names."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant_reader import COLUMNS, FINGERPRINT, VERSION, ReadIntent, as_matrix, as_table, vector
from penchant_reader.decoding import decode
from penchant_reader.fields import HOT
from penchant_reader.intent import ignore

FIXTURES: dict[str, Any] = json.loads((Path(__file__).parents[2] / "fixtures" / "vectors.json").read_text("utf-8"))
CASES = FIXTURES["cases"]


def read(case: dict[str, Any]) -> ReadIntent:
    """The intent of a fixture's hash."""
    values = [case["fields"][name].encode() if name in case["fields"] else None for name in HOT]
    return decode("ada", values, case["read_at_ms"], ignore)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_vector_is_what_the_fixture_says(case: dict[str, Any]) -> None:
    """The Java reader is held to the same."""
    assert list(vector(read(case))) == pytest.approx(case["vector"], rel=1e-12)
    assert read(case).as_vector().tolist() == list(vector(read(case)))


def test_columns_are_those_of_the_fingerprint() -> None:
    """Whoever moves one has to raise the version, and models that were trained on the other one can tell."""
    assert (FIXTURES["version"], FIXTURES["fingerprint"]) == (VERSION, FINGERPRINT) == (1, "43171009497c8525")
    assert FIXTURES["columns"] == list(COLUMNS)


def test_a_matrix_has_a_row_for_each_intent() -> None:
    """Also for those who have none, and for nobody at all."""
    matrix = as_matrix([read(each) for each in CASES])
    assert matrix.shape == (len(CASES), len(COLUMNS))
    assert matrix.dtype == np.float64
    assert not matrix[-1].any()
    assert as_matrix([]).shape == (0, len(COLUMNS))


def test_a_table_has_the_texts_too() -> None:
    """And says in its schema which columns they are."""
    table = as_table([read(each) for each in CASES])
    assert isinstance(table, pa.Table)
    assert table.column("category").to_pylist()[0] == "home/kitchen/kettles"
    assert table.column("age_s").to_pylist()[0] == 600
    assert table.column_names[-len(COLUMNS) :] == list(COLUMNS)
    assert table.schema.metadata[b"penchant.fingerprint"] == FINGERPRINT.encode()


def test_the_reader_needs_neither_numpy_nor_pyarrow() -> None:
    """Without them it works, and the error of what does not names the remedy."""
    code = """
import sys
sys.modules["numpy"] = sys.modules["pyarrow"] = None
from penchant_reader import ReadIntent, as_matrix, as_table, vector
assert not any(vector(ReadIntent("ada")))
for broken in (as_matrix, as_table):
    try:
        broken([])
    except ImportError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 (our own words)
    assert "penchant-reader[numpy]" in done.stdout
    assert "penchant-reader[arrow]" in done.stdout


@given(
    st.builds(
        ReadIntent, st.just("ada"), missing=st.booleans(), stage=st.text(max_size=8), source=st.text(max_size=8),
        category=st.text(max_size=20), brand=st.text(max_size=9), confidence=st.floats(allow_nan=False),
        price_low=st.none() | st.floats(0, 1e9), price_high=st.none() | st.floats(0, 1e9),
        as_of_ms=st.integers(0, 2**53), read_at_ms=st.integers(0, 2**53),
    )
)  # fmt: skip
def test_a_vector_is_finite(intent: ReadIntent) -> None:
    """A number in every column, whatever the intent says."""
    numbers = intent.as_vector()
    assert np.isfinite(numbers).all()
    assert numbers.shape == (len(COLUMNS),)
