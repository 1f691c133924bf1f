"""Token estimates: how many tokens a call will take, learned from those before it. Pure."""

from clients.calls import Call, Completion

MEMORY = 0.02
"""How much a call changes what is known: the last fifty or so count."""

CHARACTERS_PER_TOKEN = 4.0
"""Until a server has counted."""


class TokenEstimator:
    """Running averages of one server's counts."""

    def __init__(self) -> None:
        self._per_character = 1.0 / CHARACTERS_PER_TOKEN
        self._uncached = 1.0
        self._output = 0.0
        self.tokens = 0.0

    def input_tokens(self, call: Call) -> float:
        """How long its prompt is, about."""
        return len(call.prompt) * self._per_character

    def expected(self, call: Call) -> int:
        """The tokens that a server has to compute for it: the uncached part of the prompt, and the answer."""
        output = self.answer_tokens(call) or call.max_tokens
        return round(self.input_tokens(call) * self._uncached + output)

    def answer_tokens(self, call: Call) -> int:
        """How long its answer will be, about; 0 before any was counted."""
        return min(round(self._output), call.max_tokens)

    def learn(self, call: Call, completion: Completion) -> None:
        """Take in what a server counted."""
        if completion.input_tokens:
            self._per_character += MEMORY * (completion.input_tokens / max(len(call.prompt), 1) - self._per_character)
            uncached = 1.0 - (completion.cached_tokens or 0) / completion.input_tokens
            self._uncached += MEMORY * (max(uncached, 0.0) - self._uncached)
        if completion.output_tokens:
            self._output += (
                MEMORY * (completion.output_tokens - self._output) if self._output else completion.output_tokens
            )
        expected = self.expected(call)
        self.tokens += MEMORY * (expected - self.tokens) if self.tokens else expected
