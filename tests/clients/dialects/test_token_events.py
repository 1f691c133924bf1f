"""Events that add a piece of text and nothing else."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Completion
from clients.dialects.completions import Reading
from clients.dialects.lines import OddWords
from clients.dialects.token_events import token_events
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong

PIECE = b'{"choices":[{"delta":{"content":"a"}}]}'

TEXTS: st.SearchStrategy[Any] = st.none() | st.text(max_size=3) | st.sampled_from([[{"type": "text", "text": "a"}], 1])
SAID: st.SearchStrategy[Any] = st.none() | st.fixed_dictionaries({}, optional={"content": TEXTS, "role": TEXTS})
CHOICE = st.fixed_dictionaries(
    {}, optional={"delta": SAID, "message": SAID, "text": TEXTS, "finish_reason": TEXTS, "index": st.integers(0, 1)}
)
EVENT = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.none() | st.lists(CHOICE, max_size=2),
        "object": st.sampled_from(["error", "chat.completion.chunk", None]),
        "usage": st.none() | st.fixed_dictionaries({"prompt_tokens": st.integers(0, 9)}),
        "error": TEXTS,
        "id": TEXTS,
    },
)


@given(st.lists(EVENT, max_size=3))
def test_token_events_read_as_any_others(events: list[dict[str, Any]]) -> None:
    """An event with an empty `nvext` is read by hand, and comes to the same as one without."""
    assert outcome(events) == outcome([{**event, "nvext": {}} for event in events])


@pytest.mark.parametrize(
    "event",
    [
        b'{"choices":[{"delta":{"content":"a"}}],"object":"error"}',
        b'{"error":null}',
        b'{"choices":[{"message":{"content":"a"}}]}',
        b'{"choices":[{"delta":{"content":["a"]}}]}',
        b'{"choices":[],"nvext":{}}',
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
        b'{"choices":[',
        b'{"choices":[],"x":%b}' % (b"[" * 100_000),
        b"{}\n{}",
        b"[DONE]",
    ],
)
def test_events_that_say_more(event: bytes) -> None:
    """An event that says anything else, or is none, is no token's, whatever came with it."""
    assert token_events([PIECE]) is not None
    assert token_events([PIECE, event]) is None


def test_the_text_of_both_apis() -> None:
    """A chat has it in `delta`, a completion in `text`; the end and the usage are read along."""
    said = [{"delta": {"role": "assistant"}}, {"index": 0, "delta": {"content": "a"}, "finish_reason": None}]
    said += [{"text": "\u2028"}, {"delta": {}, "finish_reason": "stop"}]
    payloads = [orjson.dumps({"choices": [each], "usage": None}) for each in said]
    reading = Reading("m", "host", lambda code, message: ModelUnavailable(f"{message} ({code})"), 0.0)
    reading.absorb_all([*payloads, b'{"choices":[],"usage":{"prompt_tokens":7}}'], 1.0)
    done = reading.completion()
    assert (done.text, done.finish_reason, done.input_tokens) == ("a\u2028", "stop", 7)


def test_the_last_payload_ends_an_answer_without_a_reason() -> None:
    """Together with a text, or by itself."""
    for together in ([[PIECE, b"[DONE]"]], [[PIECE], [b"[DONE]"]]):
        reading = Reading("m", "host", lambda code, message: ModelUnavailable(f"{message} ({code})"), 0.0)
        for payloads in together:
            reading.absorb_all(payloads, 1.0)
        assert reading.completion().text == "a"


def outcome(events: list[dict[str, Any]]) -> Completion | str:
    """What a reading comes to, with an end: an answer, or the error."""
    reading = Reading("m", "host", lambda code, message: ModelUnavailable(f"{message} ({code})"), 0.0)
    try:
        reading.absorb_all([orjson.dumps(event) for event in events], 1.0)
        reading.absorb_all([b"[DONE]"], 9.0)
        return reading.completion()
    except (OddWords, ModelUnavailable, ModelOverloaded, PromptTooLong) as error:
        return f"{type(error).__name__}: {error}".replace(', "nvext": {}', "").replace(', "nvext": {}', "")
