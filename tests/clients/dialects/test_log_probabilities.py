"""Log-probabilities as servers write them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.calls import Call
from clients.dialects.log_probabilities import first_token
from clients.dialects.openai import OpenAIClient
from clients.dialects.servers import Api
from prompts.matching import match_prompt
from sandbox.servers.openai import OpenAIServer
from tests.agents.match.intents import intent

LIKELIEST = [{"token": " B", "logprob": -0.1}, {"token": "B", "logprob": -3.0}, {"token": "A", "logprob": -2}]
json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["content", "top_logprobs", "token", "logprob"]), inner)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "said",
    [
        {"content": [{"token": " B", "top_logprobs": LIKELIEST}, {"top_logprobs": []}]},
        {"content": None, "top_logprobs": [{" B": -0.1, "A": -2.0}]},
        {"top_logprobs": [{" B": -0.1, "B": -3.0, "A": -2.0, "C": float("-inf"), " ": -1.0}]},
    ],
)
def test_each_api_tells_the_same(said: object) -> None:
    """By token without its space, the likelier of two that are written alike."""
    assert first_token(said) == {"B": -0.1, "A": -2.0}


@given(json)
def test_odd_words_tell_nothing(said: Any) -> None:
    """And raise nothing: the answer counts without them."""
    found = first_token(said)
    assert found is None or all(isinstance(value, float) for value in found.values())


@pytest.mark.parametrize("api", ["chat", "completions"])
async def test_a_call_with_choices_gets_them(tmp_path: Path, api: Api) -> None:
    """By both APIs, streamed; a call without choices does not ask."""
    async with OpenAIServer(tmp_path) as server:
        client = OpenAIClient(server.url, api=api)
        prompt = match_prompt(intent(), [])
        asked = Call("c-1", f'{prompt}\nA "shoes"\nB "kettle"', float("inf"), 1, choices=("A", "B"))
        chosen = await client.complete(asked)
        plain = await client.complete(Call("c-2", prompt, float("inf"), 1))
        await client.close()
    assert chosen.log_probabilities is not None
    assert set(chosen.log_probabilities) == {"A", "B"}
    assert chosen.output_tokens == 1
    assert plain.log_probabilities is None
