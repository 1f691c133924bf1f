"""Prefixes: how much of each prompt a model server has computed before, in blocks of its KV cache. Pure."""

from dataclasses import dataclass

from penchant.offline.estimate.prompt_tokens import Measured

BLOCK_TOKENS = 64
"""Tokens of a block: the default of model.tokens_per_block."""

STEP = 256
"""Characters compared at once."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """Of one prompt, in tokens: its length, what stood in its shopper's last prompt too, and what in the last one of
    anybody: whole blocks from its beginning."""

    length: int
    cached: int
    shared: int


class Prefixes:
    """Remembers each shopper's last prompt. That is the best that a cache can do: it holds a shopper's blocks until the
    next call, which goes to the same server."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._other = ""

    def learn(self, shopper: str, prompt: Measured) -> Reuse:
        """What of this prompt has been computed before."""
        shared = _blocks(prompt, self._other)
        own = _blocks(prompt, self._last.get(shopper, ""))
        self._last[shopper] = self._other = prompt.text
        return Reuse(prompt.length, max(own, shared), shared)


def _blocks(prompt: Measured, other: str) -> int:
    return prompt.until(common(prompt.text, other)) // BLOCK_TOKENS * BLOCK_TOKENS


def common(first: str, second: str) -> int:
    """How many characters two texts have in common from the beginning."""
    most = min(len(first), len(second))
    for start in range(0, most, STEP):
        if first[start : start + STEP] != second[start : start + STEP]:
            end = min(start + STEP, most)
            return next((at for at in range(start, end) if first[at] != second[at]), end)
    return most
