"""Prefixes: how much of each prompt a model server has computed before, in blocks of its KV cache. Pure."""

from dataclasses import dataclass

BLOCK_TOKENS = 64
"""Tokens of a block: the default of TensorRT-LLM's backend, and of model.tokens_per_block."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """Of one prompt, in characters: its length, what stood in its shopper's last prompt too, and what in the last one
    of anybody: whole blocks from its beginning."""

    length: int
    cached: int
    shared: int


class Prefixes:
    """Remembers each shopper's last prompt. That is the best that a cache can do: it holds a shopper's blocks until the
    next call, which goes to the same server."""

    def __init__(self, block_characters: int) -> None:
        self._size = block_characters
        self._last: dict[str, str] = {}
        self._other = ""

    def learn(self, shopper: str, prompt: str) -> Reuse:
        """What of this prompt has been computed before."""
        shared = self._common(prompt, self._other)
        own = self._common(prompt, self._last.get(shopper, ""))
        self._last[shopper] = self._other = prompt
        return Reuse(len(prompt), max(own, shared), shared)

    def _common(self, first: str, second: str) -> int:
        most = min(len(first), len(second)) // self._size * self._size
        for start in range(0, most, self._size):
            if first[start : start + self._size] != second[start : start + self._size]:
                return start
        return most
