"""What servers say of a prompt that is too long is known, and is neither an overload nor a server that is away."""

import pytest

from clients.dialects.refusals import refusal, too_long
from clients.dialects.servers import SERVERS
from streams.errors import ModelOverloaded, ModelUnavailable, PromptTooLong

SAID = [
    "the request exceeds the available context size, try increasing it",
    "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
    "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Prompt length (5000) exceeds maximum input length (4096). Set log level to info",
]


@pytest.mark.parametrize("said", SAID)
def test_a_prompt_that_is_too_long_is_known(said: str) -> None:
    """By the words of llama.cpp, vLLM, SGLang and TensorRT-LLM."""
    assert isinstance(refusal(SERVERS["vllm"], "host", 400, said), PromptTooLong)


def test_other_refusals_stay_what_they_are() -> None:
    """A model that is away, and one that is busy."""
    assert not too_long("model is not loaded yet")
    assert isinstance(refusal(SERVERS["vllm"], "host", 500, "internal error"), ModelUnavailable)
    assert isinstance(refusal(SERVERS["vllm"], "host", 503, "maximum context length"), ModelOverloaded)
