"""Trace: calls in the format of Mooncake's traces, for simulators and load generators of model servers. Pure.

One JSON object a line: `timestamp` (ms since the first), `input_length` and `output_length` in tokens, and `hash_ids`,
a number for each block of the prompt, the last of them perhaps not full; equal numbers stand for equal beginnings.
Source: https://github.com/kvcache-ai/Mooncake (FAST25-release) and section 4 of https://arxiv.org/abs/2407.00079.
"""

from hashlib import blake2b

import orjson

from penchant.offline.estimate.prompt_tokens import Measured

BLOCK_TOKENS = 512
"""As in Mooncake's own traces. What two prompts share within a block does not show; smaller ones show more."""


class Trace:
    """Makes the lines of one trace, in the order of the calls."""

    def __init__(self, output_tokens: int, block_tokens: int = BLOCK_TOKENS) -> None:
        self._output_tokens, self._size = output_tokens, block_tokens
        self._ids: dict[bytes, int] = {}
        self._first_s: float | None = None

    def line(self, at_s: float, prompt: Measured) -> bytes:
        """The line of a call, with its end."""
        if self._first_s is None:
            self._first_s = at_s
        call = {
            "timestamp": round((at_s - self._first_s) * 1e3),
            "input_length": prompt.length,
            "output_length": self._output_tokens,
            "hash_ids": self._hashes(prompt),
        }
        return orjson.dumps(call, option=orjson.OPT_APPEND_NEWLINE)

    def _hashes(self, prompt: Measured) -> list[int]:
        """Each stands for all of the prompt up to its end."""
        chain, ids, begin = blake2b(digest_size=16), [], 0
        for end in prompt.blocks(self._size):
            chain.update(prompt.text[begin:end].encode())
            ids.append(self._ids.setdefault(chain.digest(), len(self._ids)))
            begin = end
        return ids
