"""How the simulated OpenAI server cuts and writes its answers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.gpu.gpu import Gpu
from sandbox.gpu.timing import LIGHT
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from sandbox.servers.openai_answer import Choice, Form, pieces_of
from sandbox.servers.openai_request import ChatAsked, Prompt, TextAsked
from tests.fakes.echo import echo

LATER = 1e9
CHAT = {"messages": [{"role": "user", "content": "hello"}]}


def choice_of(asked: ChatAsked | TextAsked, *, index: int = 0) -> Choice:
    """One choice whose answer is there."""
    gpu, (prompt, *_) = Gpu(LIGHT), asked.prompts
    pieces, finish = pieces_of(prompt.question, asked, echo)
    running = gpu.submit(prompt.text, len(pieces), 0.0)
    gpu.advance(LATER)
    return Choice(index, prompt, pieces, finish, running)


def written(event: bytes) -> Any:
    """The payload of an event."""
    return json.loads(event.removeprefix(b"data: "))


@given(st.text(), st.none() | st.integers(1, 9), st.integers(0, 9), st.booleans())
def test_lengths_hold(question: str, longest: int | None, shortest: int, ignore_eos: bool) -> None:  # noqa: FBT001 (pytest gives it by name)
    """No answer is longer than `max_tokens`, and, unless that is less, none is shorter than was asked."""
    asked = TextAsked(prompt=question, max_tokens=longest, min_tokens=shortest, ignore_eos=ignore_eos)
    pieces, finish = pieces_of(question, asked, echo)
    assert len(pieces) <= (longest or len(pieces))
    assert len(pieces) >= min(asked.shortest, longest or asked.shortest)
    assert all(len(piece) == CHARACTERS_PER_TOKEN for piece in pieces[:-1])
    if longest is None:
        assert "".join(pieces).startswith(question)
    elif len(question) > longest * CHARACTERS_PER_TOKEN:
        assert (finish, len(pieces)) == ("length", longest)


def test_a_stop_word_ends_an_answer() -> None:
    """Before it, which is no cut."""
    assert pieces_of("one, two", TextAsked(prompt="", stop=","), echo) == (["one"], "stop")


@pytest.mark.parametrize("asked", [ChatAsked.model_validate(CHAT), TextAsked(prompt="hello")], ids=["chat", "text"])
def test_the_events_of_a_stream_make_the_whole(asked: ChatAsked | TextAsked) -> None:
    """Token by token, with the same id and model; the last one says why it ended."""
    form, choice = Form(asked, "id-1", 7, "m"), choice_of(asked)
    events = [written(form.event(choice, at, (piece,))) for at, piece in enumerate(choice.pieces)]
    events.append(written(form.event(choice, 2, (), "stop")))
    said = [each["choices"][0] for each in events]
    texts = [each["delta"].get("content", "") if "delta" in each else each["text"] for each in said]
    whole = json.loads(form.whole([choice], 64))
    answer = whole["choices"][0]
    assert "".join(texts) == (answer["message"]["content"] if "message" in answer else answer["text"]) == "hello"
    assert [each["finish_reason"] for each in said] == [None, None, "stop"]
    assert {(each["id"], each["created"], each["model"]) for each in [*events, whole]} == {("id-1", 7, "m")}


def test_a_prompt_counts_once_however_many_answers_there_are() -> None:
    """As OpenAI counts: `n` answers are all paid, their prompt once."""
    asked = ChatAsked.model_validate(CHAT)
    choices = [choice_of(asked, index=index) for index in range(3)]
    usage = json.loads(Form(asked, "", 0, "").whole(choices, 64))["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (2, 6, 8)


def test_log_probabilities_in_both_forms() -> None:
    """One for each token, with as many others as were asked for."""
    chat = ChatAsked.model_validate({**CHAT, "logprobs": True, "top_logprobs": 1})
    said = json.loads(Form(chat, "", 0, "").whole([choice_of(chat)], 64))["choices"][0]["logprobs"]["content"]
    assert [each["token"] for each in said] == ["hell", "o"]
    assert [[each["token"] for each in place["top_logprobs"]] for place in said] == [["hell"], ["o"]]
    text = TextAsked(prompt="hello", logprobs=0)
    told = json.loads(Form(text, "", 0, "").whole([choice_of(text)], 64))["choices"][0]["logprobs"]
    assert (told["tokens"], told["text_offset"], told["top_logprobs"]) == (["hell", "o"], [0, 4], [{}, {}])


def test_the_first_token_of_a_match_has_those_of_every_product() -> None:
    """Only in its place, the likeliest first."""
    question = 'You choose, for one shopper of an online shop\nShopper\nshoes\nProducts\nA "kettle"\nB "shoes"'
    asked = ChatAsked.model_validate(
        {"messages": [{"role": "user", "content": question}], "logprobs": True, "top_logprobs": 2}
    )
    choice = Choice(0, Prompt(question, question), ["B"], "stop", choice_of(asked).request)
    (place,) = written(Form(asked, "", 0, "").event(choice, 0, ("B",)))["choices"][0]["logprobs"]["content"]
    assert [each["token"] for each in place["top_logprobs"]] == ["B", "A"]
