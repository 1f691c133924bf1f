"""Putting answers together from what servers and gateways send."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Completion
from clients.dialects.completions import Reading
from clients.dialects.lines import OddWords
from streams.errors import ModelUnavailable

# JSON has no infinity: orjson would write null, which is no error.
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def read(*events: Any) -> Reading:
    """A reading of these events."""
    reading = Reading("m", "host", lambda code, message: ModelUnavailable(f"{message} ({code})"), 0.0)
    for event in events:
        reading.absorb(orjson.dumps(event), 1.0)
    return reading


def piece(content: Any, **more: Any) -> dict[str, Any]:
    """An event of a chat's stream."""
    return {"choices": [{"delta": {"content": content, **more}}]}


END = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a", "a"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}], "a"),
        ([], ""),
        (None, ""),
        ([{"type": "text"}, None], ""),
    ],
)
def test_content_in_parts(content: Any, text: str) -> None:
    """A message's text may come in parts; parts of other kinds are no text."""
    assert read(piece(content), END).completion().text == text


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_thoughts_beside_the_answer(field: str) -> None:
    """Thoughts that a server sends apart are no part of the answer."""
    assert read(piece(None, **{field: '{"m":"gift"}'}), piece("{}"), END).completion().text == "{}"


@given(JSON, JSON)
def test_odd_usage(figure: Any, details: Any) -> None:
    """Figures that are none leave tokens open, and lose no answer."""
    usage = {"prompt_tokens": figure, "completion_tokens": figure, "prompt_tokens_details": details}
    for odd in (usage, {**usage, "prompt_tokens_details": {"cached_tokens": figure}}, figure):
        completion = read(piece("a"), END, {"choices": [], "usage": odd}).completion()
        assert completion.text == "a"
        assert completion.input_tokens is None or completion.input_tokens >= 0


@pytest.mark.parametrize(("told", "tokens"), [(7, 7), (7.0, 7), ("7", 7), (-1, None), ("7.5", None), (True, None)])
def test_usage_by_other_types(told: Any, tokens: int | None) -> None:
    """A number is one as text or with a fraction of nothing."""
    completion = read(piece("a"), END, {"usage": {"prompt_tokens": told}}).completion()
    assert completion.input_tokens == tokens


def test_usage_is_the_last_that_tells() -> None:
    """An empty one at the end takes nothing back."""
    assert read({**END, "usage": {"prompt_tokens": 9}}, {"choices": [], "usage": {}}).completion().input_tokens == 9


@pytest.mark.parametrize(
    "words", [b"[]", b"7", b"{", b"\xff", b'{"choices":7}', b'{"choices":[7]}', b'{"choices":[{"text":7}]}']
)
def test_what_is_no_event_is_odd_words(words: bytes) -> None:
    """Whatever a gateway sends in place of an event is told from an answer, and from a fault of ours."""
    with pytest.raises(OddWords):
        read().absorb(words, 1.0)


@given(JSON)
def test_any_json_is_an_event_an_error_or_odd_words(value: Any) -> None:
    """Nothing else comes of it, at any place of an event."""
    for event in (
        value,
        {"choices": value},
        {"choices": [value]},
        piece(value),
        {"choices": [{"finish_reason": value}]},
    ):
        try:
            outcome: object = read(event).completion()
        except (OddWords, ModelUnavailable) as error:
            outcome = error
        assert isinstance(outcome, Completion | OddWords | ModelUnavailable)


def test_figures_that_no_json_has_are_read() -> None:
    """Some gateways write NaN where they know no figure."""
    reading = read(piece("a"), END)
    reading.absorb(b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":NaN}}', 1.0)
    assert (reading.completion().input_tokens, reading.completion().output_tokens) == (7, None)


@given(JSON.filter(bool))
def test_errors_of_any_form(error: Any) -> None:
    """Whatever an error looks like, it is one."""
    with pytest.raises(ModelUnavailable):
        read({"error": error})
