"""What the simulated model says: a function from prompt to answer, chosen by name, and how an answer is cut."""

import importlib
from collections.abc import Callable, Sequence

from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from streams.errors import SettingInvalid

Answer = Callable[[str], str]

DEFAULT = "sandbox.gpu.simulated_model:answer"
VARIABLE = "PENCHANT_SIMULATED_ANSWER"

LOOKS_AROUND = '{"m":"just-looking","t":"Looks around","c":[[1,8]],"b":[[1,6]],"k":6,"e":[1]}'
"""An answer that holds for every window with a product in it; where there is none, grounding removes what it names."""


def load(name: str) -> Answer:
    """The function that `module:function` names."""
    module, _, function = name.partition(":")
    try:
        answer: Answer = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as exc:
        raise SettingInvalid(f"{VARIABLE} = {name!r}: {exc}", "name a function as module:function") from exc
    return answer


def cut(text: str, max_tokens: int, stop_words: Sequence[str] = ()) -> str:
    """The text up to the first stop word, and at most `max_tokens` of it."""
    ends = [at for word in stop_words if word and (at := text.find(word)) >= 0]
    return text[: min([*ends, max(max_tokens, 1) * CHARACTERS_PER_TOKEN])]
