"""Events that add a piece of text and nothing else."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Completion
from clients.dialects.completions import Reading
from clients.dialects.lines import OddWords
from clients.dialects.token_events import TokenEvents, token
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong

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
        b'{"choices":[{"delta":{"role":"assistant"}}]}',
        b'{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}',
        b'{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":1}}',
        b'{"choices":[{"delta":{"content":"a"}}],"object":"error"}',
        b'{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}',
        b'{"choices":[{"message":{"content":"a"}}]}',
        b'{"choices":[{"delta":{"content":"\xff"}}]}',
        b'{"choices":[',
        b"[DONE]",
    ],
)
def test_events_that_say_more(event: bytes) -> None:
    """An event that says anything else, or nothing, is no token's."""
    assert token(event) is None


def test_the_text_of_both_apis() -> None:
    """A chat has it in `delta`, a completion in `text`."""
    assert token(b'{"id":"1","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":null}') == "a"
    assert token(b'{"id":"1","choices":[{"index":0,"text":"a","finish_reason":null}]}') == "a"


ANY_TEXT = st.text(max_size=4) | st.sampled_from(["chat", "content", '","', "\\", "}", "\u2021"])


@given(st.lists(st.tuples(st.sampled_from(["chat", "content", "é", "\u2021"]), ANY_TEXT), max_size=6), st.booleans())
def test_events_that_differ_in_their_text_alone(said: list[tuple[str, str]], ascii_only: bool) -> None:  # noqa: FBT001 # drawn
    """What was learned of one event reads the others as parsing does, whatever their texts are."""
    reading = TokenEvents()
    for name, text in said:
        event = {"id": name, "choices": [{"delta": {"content": text}, "text": None}], "content": name, "model": "chat"}
        payload = json.dumps(event, ensure_ascii=ascii_only).encode()
        assert reading.text(payload) == token(payload)


def test_texts_of_events_that_are_otherwise_alike() -> None:
    """Bytes that are no UTF-8, or would end the text, are for the parser."""
    reading, event = TokenEvents(), b'{"id":"a","choices":[{"delta":{"content":"%s"},"finish_reason":null}]}'
    assert reading.text(event % b"a") == "a"
    assert [reading.text(event % text) for text in (b" b", "é".encode(), b"\\n", b"\xff", b'"', b"", b"a\nb")] == [
        " b", "é", "\n", None, None, None, None,
    ]  # fmt: skip


def test_a_text_that_is_the_probe_proves_nothing() -> None:
    """Where the first text is the one that is put in its place, another field with it is not taken for the text."""
    reading, event = TokenEvents(), '{"choices":[{"delta":{"content":"\u2021"}}],"model":"%s"}'
    assert [reading.text((event % model).encode()) for model in ("\u2021", "m")] == ["\u2021", "\u2021"]


def outcome(events: list[dict[str, Any]]) -> Completion | str:
    """What a reading comes to, with an end: an answer, or the error."""
    reading = Reading("m", "host", lambda code, message: ModelUnavailable(f"{message} ({code})"), 0.0)
    try:
        for at, event in enumerate(events):
            reading.absorb(orjson.dumps(event), at + 1.0)
        reading.absorb(b"[DONE]", 9.0)
        return reading.completion()
    except (OddWords, ModelUnavailable, ModelOverloaded, PromptTooLong) as error:
        return f"{type(error).__name__}: {error}".replace(', "nvext": {}', "")
