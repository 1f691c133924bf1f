"""Answers in the forms of OpenAI's API, whole and as events of a stream; pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sandbox.gpu import simulated_match
from sandbox.gpu.answers import Answer, cut
from sandbox.gpu.iterations import Request
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN, tokens
from sandbox.servers.openai_request import ChatAsked, Prompt, TextAsked

DONE = b"data: [DONE]\n\n"
CERTAIN = 0.0
"""The log-probability of every token but the first of a choice: the simulated model never hesitates."""


@dataclass(slots=True, eq=False)
class Choice:
    """One answer on its way. `request` is its part of the GPU's work."""

    index: int
    prompt: Prompt
    pieces: Sequence[str]
    finish: str
    request: Request
    sent: int = 0

    def take(self, now_ms: float) -> Sequence[str]:
        """The tokens that came since it was last asked."""
        given = self.request.tokens_at(now_ms)
        fresh = self.pieces[self.sent : given]
        self.sent = max(self.sent, given)
        return fresh

    @property
    def ended(self) -> bool:
        """Whether all of it was taken."""
        return self.sent >= len(self.pieces)


def pieces_of(question: str, asked: ChatAsked | TextAsked, answer: Answer) -> tuple[Sequence[str], str]:
    """The tokens of an answer, and why it ends: `stop`, or `length` where it was cut."""
    whole = answer(question)
    if (short := asked.shortest * CHARACTERS_PER_TOKEN - len(whole)) > 0:
        whole += (f" {whole}" * math.ceil(short / (len(whole) + 1)))[:short]
    longest = asked.longest or tokens(whole)
    text = cut(whole, longest, asked.stop_words)
    cut_off = len(text) < len(whole) and len(text) == longest * CHARACTERS_PER_TOKEN
    size = CHARACTERS_PER_TOKEN
    pieces = [text[at : at + size] for at in range(0, len(text), size)] or [""]
    return pieces, "length" if cut_off else "stop"


@dataclass(frozen=True, slots=True)
class Form:
    """How the answer to one request is written. `id`, `created` (seconds since 1970) and `model` are in every event."""

    asked: ChatAsked | TextAsked
    id: str
    created: int
    model: str

    def event(self, choice: Choice, first: int, pieces: Sequence[str], finish: str | None = None) -> bytes:
        """Tokens of one choice, of which those before were `first`."""
        body: dict[str, Any] = {"text": "".join(pieces)}
        if self._chats:
            role = {"role": "assistant"} if first == 0 and finish is None else {}
            body = {"delta": role | ({"content": body["text"]} if pieces else {})}
        return self._written({**self._choice(choice, first, pieces, finish), **body})

    def usage_event(self, choices: Sequence[Choice], block_tokens: int) -> bytes:
        """The last event but the end."""
        return _event({**self._head(".chunk"), "choices": [], "usage": usage(choices, block_tokens)})

    def whole(self, choices: Sequence[Choice], block_tokens: int) -> bytes:
        """The body of an answer that is not streamed."""
        written = []
        for choice in choices:
            text = "".join(choice.pieces)
            said = {"message": {"role": "assistant", "content": text}} if self._chats else {"text": text}
            written.append({**self._choice(choice, 0, choice.pieces, choice.finish), **said})
        return orjson.dumps({**self._head(""), "choices": written, "usage": usage(choices, block_tokens)})

    @property
    def _chats(self) -> bool:
        return isinstance(self.asked, ChatAsked)

    def _head(self, kind: str) -> dict[str, Any]:
        what = f"chat.completion{kind}" if self._chats else "text_completion"
        return {"id": self.id, "object": what, "created": self.created, "model": self.model}

    def _choice(self, choice: Choice, first: int, pieces: Sequence[str], finish: str | None) -> dict[str, Any]:
        likeliest = self.asked.likeliest
        told = None if likeliest is None or not pieces else self._likelihoods(choice, first, pieces, likeliest)
        return {"index": choice.index, "finish_reason": finish, "logprobs": told}

    def _written(self, choice: Mapping[str, Any]) -> bytes:
        return _event({**self._head(".chunk"), "choices": [choice]})

    def _likelihoods(self, choice: Choice, first: int, pieces: Sequence[str], most: int) -> dict[str, Any]:
        """Of each token, and of those that might have stood in its place."""
        tables = [likelihoods(choice.prompt.question, first + at, piece) for at, piece in enumerate(pieces)]
        own = [table.get(piece, CERTAIN) for table, piece in zip(tables, pieces, strict=True)]
        tables = [dict(list(table.items())[:most]) for table in tables]
        if self._chats:
            others = [[_word(*each) for each in table.items()] for table in tables]
            places = zip(pieces, own, others, strict=True)
            return {"content": [{**_word(piece, value), "top_logprobs": each} for piece, value, each in places]}
        offsets = [(first + at) * CHARACTERS_PER_TOKEN for at in range(len(pieces))]
        spaced = [{f" {token}": value for token, value in table.items()} for table in tables]
        return {"tokens": list(pieces), "token_logprobs": own, "top_logprobs": spaced, "text_offset": offsets}


def likelihoods(question: str, place: int, piece: str) -> Mapping[str, float]:
    """The log-probabilities of the likeliest tokens in a place of an answer, the likeliest first."""
    chosen = simulated_match.log_probabilities(question) if place == 0 else {}
    return chosen or {piece: CERTAIN}


def usage(choices: Sequence[Choice], block_tokens: int) -> dict[str, Any]:
    """The tokens of a request; each prompt counts once, however many choices there are of it."""
    firsts = list({choice.prompt: choice.request for choice in reversed(choices)}.values())
    read, made = sum(each.input_tokens for each in firsts), sum(len(choice.pieces) for choice in choices)
    cached = sum(min(each.reused_blocks * block_tokens, each.input_tokens) for each in firsts)
    return {
        "prompt_tokens": read,
        "completion_tokens": made,
        "total_tokens": read + made,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _word(token: str, value: float) -> dict[str, Any]:
    return {"token": token, "logprob": value, "bytes": list(token.encode())}


def _event(payload: Mapping[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(payload) + b"\n\n"
