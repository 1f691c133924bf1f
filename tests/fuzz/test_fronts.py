"""The HTTP fronts: whatever is sent, each answers as its gate should, and goes on serving."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.fuzz.fronts import Fronts, fronts
from tests.fuzz.requests import METHODS, bodies, headers, paths, raw

INTERNAL_ERROR = 500


@pytest.fixture(scope="module")
def both() -> Iterator[Fronts]:
    """Both fronts, for the tests of this file."""
    with fronts() as running:
        yield running


@given(st.sampled_from(METHODS), paths, headers, bodies())
def test_any_request_is_answered(
    both: Fronts, method: str, path: str, given_headers: dict[str, str], body: bytes
) -> None:
    """Nobody sees an internal error, a traceback or the server's name."""
    answers_well(both, method, path, given_headers, body)


@given(raw)
def test_any_bytes_leave_it_serving(both: Fronts, sent: bytes) -> None:
    """What is no request at all ends its own connection at the most."""
    assert INTERNAL_ERROR not in both.after(sent)


def answers_well(both: Fronts, method: str, path: str, given_headers: dict[str, str], body: bytes) -> None:
    """The claim of the first test."""
    try:
        answers = both.ask(method, path, given_headers, body)
    except (httpx.InvalidURL, httpx.LocalProtocolError):
        assume(False)  # noqa: FBT003 (Hypothesis has it so)
        raise
    for answer in answers:
        assert answer.status_code != INTERNAL_ERROR
        assert "Traceback" not in answer.text
        assert "server" not in answer.headers
