"""Ids of every kind: each gets a result in its place, and none raises into a ranker."""

import enum
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers.python.tests.scripted import KEY, PATIENT_S, Connect, ScriptedRedis

from penchant_reader import ALL, ReadFailed
from penchant_reader.ids import InvalidId, id_text


class Named(str, enum.Enum):
    """Text that prints itself otherwise than it is."""

    ADA = "ada"


TAKEN = [
    ("ada", "ada"),
    (12345, "12345"),
    (-7, "-7"),
    (np.int64(12345), "12345"),
    (np.uint8(7), "7"),
    (np.str_("ada"), "ada"),
    (Named.ADA, "ada"),
    (b"ada", "ada"),
    ("李雷".encode(), "李雷"),
    (bytearray(b"ada"), "ada"),
    (memoryview(b"ada"), "ada"),
    (np.bytes_(b"ada"), "ada"),
    ("a b\x00}", "a b\x00}"),
]
REFUSED = [
    None, True, np.bool_(1), 1.0, float("nan"), np.float32(3), 1j, "", b"", b"\xff", "\ud800", (), ["ada"],
    {"id": "ada"}, object(), 10**5000, ValueError("ada"), np.array([1, 2]), int,
]  # fmt: skip


@pytest.mark.parametrize(("given", "text"), TAKEN)
def test_text_whole_numbers_and_utf8_are_ids(given: object, text: str) -> None:
    """As the plain text that they stand for."""
    assert id_text(given) == text
    assert type(id_text(given)) is str


@pytest.mark.parametrize("given", REFUSED, ids=lambda given: type(given).__name__)
def test_all_else_is_no_id(given: object) -> None:
    """And the error does not show it, as it may be somebody's name."""
    with pytest.raises(InvalidId) as refused:
        id_text(given)
    assert "ada" not in str(refused.value)


def test_each_id_has_a_result_in_its_place(connect: Connect, server: ScriptedRedis) -> None:
    """So that `zip` gives nobody another's intent."""
    reader = connect(server.url, timeout_s=PATIENT_S)
    asked: list[Any] = [each for pair in zip(TAKEN, REFUSED, strict=False) for each in (pair[0][0], pair[1])]
    intents = reader.get_many(asked, fields=ALL)
    assert len(intents) == len(asked)
    assert [each.doc["shopper"] for each in intents[::2]] == [KEY % text for _, text in TAKEN]
    assert {(each.missing, each.failed, each.reason) for each in intents[1::2]} == {(True, True, "id")}
    assert reader.failures == {"InvalidId": len(TAKEN)}


@pytest.mark.parametrize("given", [12345, b"x"])
def test_one_is_read_as_many_are(connect: Connect, server: ScriptedRedis, given: Any) -> None:
    """By its text."""
    assert not connect(server.url, timeout_s=PATIENT_S).get(given).missing


def test_a_strict_reader_raises_for_no_id(connect: Connect, server: ScriptedRedis) -> None:
    """The error of its own that it raises for all else."""
    with pytest.raises(ReadFailed, match="whole number"):
        connect(server.url, timeout_s=PATIENT_S, strict=True).get(None)  # type: ignore[arg-type]  # what a caller without types may do


ANY = st.one_of(
    st.text(), st.text(st.characters(codec=None)), st.integers(), st.binary(), st.none(), st.booleans(), st.floats(),
    st.complex_numbers(), st.lists(st.integers()), st.dictionaries(st.text(), st.integers()), st.datetimes(),
    st.uuids(), st.fractions(), st.decimals(),
)  # fmt: skip


@given(ANY)
def test_an_id_is_text_or_refused(given: object) -> None:
    """Nothing else comes out, whatever goes in; and text is its own id."""
    try:
        text = id_text(given)
    except InvalidId:
        return
    assert text.encode()
    assert not isinstance(given, str) or text == given
