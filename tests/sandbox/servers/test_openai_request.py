"""What clients ask of the simulated OpenAI server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sandbox.servers.openai_request import ChatAsked, Prompt, TextAsked

SYSTEM = {"role": "system", "content": "be brief"}


@pytest.mark.parametrize(
    "content", ["hello", [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]], ids=["text", "parts"]
)
def test_a_chat_is_one_prompt(content: object) -> None:
    """Of all messages, whose last one is the question, in parts or not."""
    asked = ChatAsked.model_validate({"messages": [SYSTEM, {"role": "user", "content": content}]})
    assert asked.prompts == (Prompt("be brief\nhello", "hello"),)


@pytest.mark.parametrize(("prompt", "texts"), [("one", ["one"]), (["one", "two"], ["one", "two"])])
def test_each_text_is_a_prompt(prompt: object, texts: list[str]) -> None:
    """A completion may ask several things at once."""
    assert [each.text for each in TextAsked.model_validate({"prompt": prompt}).prompts] == texts


@pytest.mark.parametrize(
    ("body", "longest", "shortest"),
    [
        ({}, None, 0),
        ({"max_tokens": 5}, 5, 0),
        ({"max_tokens": 5, "max_completion_tokens": 7}, 7, 0),
        ({"max_tokens": 5, "min_tokens": 3}, 5, 3),
        ({"max_tokens": 5, "min_tokens": 3, "ignore_eos": True}, 5, 5),
        ({"min_tokens": 3, "ignore_eos": True}, None, 3),
    ],
)
def test_lengths(body: dict[str, object], longest: int | None, shortest: int) -> None:
    """Both names of the longest answer, and what load generators send to get answers of one length."""
    asked = TextAsked.model_validate({"prompt": "x", **body})
    assert (asked.longest, asked.shortest) == (longest, shortest)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"messages": [SYSTEM], "n": 0}, "n"),
        ({"messages": [SYSTEM], "max_tokens": 0}, "max_tokens"),
        ({"messages": [SYSTEM], "logprobs": True, "top_logprobs": 21}, "top_logprobs"),
    ],
)
def test_what_cannot_be_answered_is_named(body: dict[str, object], field: str) -> None:
    """By the field."""
    with pytest.raises(ValidationError) as caught:
        ChatAsked.model_validate(body)
    assert caught.value.errors()[0]["loc"][0] == field


@given(st.dictionaries(st.sampled_from(["tools", "seed", "nvext", "priority", "user", "temperature"]), st.integers()))
def test_fields_without_a_use_are_ignored(more: dict[str, int]) -> None:
    """A simulated model has no dice and no tools."""
    assert TextAsked.model_validate({"prompt": "x", **more}) == TextAsked(prompt="x")
