"""Thinking: does a model spend tokens on thoughts before its answer? One short call tells."""

import asyncio

from clients.calls import Call, Completion, ModelClient
from penchant.operations.doctor.findings import WARNING, Finding
from prompts.thinking import answer_after
from streams.errors import PenchantError

ASKED = 'Answer with {"ok":1} and nothing else.'
TOKENS = 48
WITHIN_S = 10.0
HIDDEN = 8
"""So many tokens more than its text has characters are not the answer's: a server hands thoughts on apart from it."""

REMEDY = (
    "switch thinking off where the model is served (its chat template's variable), or take an instruct model: "
    "what it thinks costs time and GPU, and no intent shows it"
)


async def examine(pool: str, client: ModelClient) -> list[Finding]:
    """A warning where the model thinks. None of a server that does not answer: its probe says more."""
    call = Call("doctor", ASKED, asyncio.get_running_loop().time() + WITHIN_S, TOKENS, traffic_class="batch")
    try:
        answer = await client.complete(call)
    except PenchantError:
        return []
    return [Finding("model", WARNING, f"{pool}: {answer.model} thinks before it answers", REMEDY)] * thinks(answer)


def thinks(answer: Completion) -> bool:
    """Whether an answer begins with thoughts, or has taken more tokens than its text can have."""
    if answer_after(answer.text) != answer.text:
        return True
    return (answer.output_tokens or 0) > len(answer.text) + HIDDEN
