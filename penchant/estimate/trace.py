"""Trace: calls in the format of Mooncake's traces, for simulators and load generators of model servers. Pure.

One JSON object a line: `timestamp` (ms since the first), `input_length` and `output_length` in tokens, and `hash_ids`,
a number for each block of the prompt, the last of them perhaps not full; equal numbers stand for equal beginnings.
Source: https://github.com/kvcache-ai/Mooncake (FAST25-release) and section 4 of https://arxiv.org/abs/2407.00079.
"""

import math
from hashlib import blake2b

import orjson

BLOCK_TOKENS = 512
"""As in Mooncake's own traces. What two prompts share within a block does not show; smaller ones show more."""


class Trace:
    """Makes the lines of one trace, in the order of the calls."""

    def __init__(self, characters_per_token: float, output_tokens: int, block_tokens: int = BLOCK_TOKENS) -> None:
        self._per_token, self._output_tokens = characters_per_token, output_tokens
        self._size = round(block_tokens * characters_per_token)
        self._ids: dict[bytes, int] = {}
        self._first_s: float | None = None

    def line(self, at_s: float, prompt: str) -> bytes:
        """The line of a call, with its end."""
        if self._first_s is None:
            self._first_s = at_s
        call = {
            "timestamp": round((at_s - self._first_s) * 1e3),
            "input_length": max(math.ceil(len(prompt) / self._per_token), 1),
            "output_length": self._output_tokens,
            "hash_ids": self._hashes(prompt),
        }
        return orjson.dumps(call, option=orjson.OPT_APPEND_NEWLINE)

    def _hashes(self, prompt: str) -> list[int]:
        """Each stands for all of the prompt up to its end."""
        chain, ids = blake2b(digest_size=16), []
        for start in range(0, max(len(prompt), 1), self._size):
            chain.update(prompt[start : start + self._size].encode())
            ids.append(self._ids.setdefault(chain.digest(), len(self._ids)))
        return ids
