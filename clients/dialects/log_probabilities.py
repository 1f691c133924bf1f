"""Log-probabilities of an answer's first token, as OpenAI's two APIs write them; pure."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any


def first_token(said: object) -> dict[str, float] | None:
    """Those of the likeliest first tokens, by their text without the space around it; None where nothing is told.

    A chat has a list of tokens, each with the likeliest in its place; a completion has a table for each place, and
    llama.cpp's completion is like a chat.
    """
    if not isinstance(said, Mapping):
        return None
    found: dict[str, float] = {}
    for text, value in _pairs(said):
        token = text.strip()
        if token and isinstance(value, int | float) and isfinite(value):
            found[token] = max(float(value), found.get(token, float("-inf")))
    return found or None


def _pairs(said: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    places = said.get("content") or said.get("top_logprobs")
    first = places[0] if isinstance(places, list) and places else None
    if not isinstance(first, Mapping):
        return ()
    likeliest = first.get("top_logprobs")
    if isinstance(likeliest, list):
        words = [each for each in likeliest if isinstance(each, Mapping)]
        return [(str(each.get("token", "")), each.get("logprob")) for each in words]
    return [(str(token), value) for token, value in first.items()]
