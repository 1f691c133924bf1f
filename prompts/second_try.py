"""Second try: what a model is asked after an answer that was none. Pure.

The reason stands at the end: all before it is in the server's cache, and a model that decodes without chance would
otherwise say the same again.
"""

from dataclasses import dataclass

from prompts.answer import PARROTED

_END = "\nAnswer:"
_WHY = {
    "no-json": "it held no JSON object",
    "malformed": "it was no valid JSON",
    "truncated": "it was cut off",
    "shape": "a value was of the wrong type",
    PARROTED: "it repeated an example",
}


@dataclass(frozen=True, slots=True)
class SecondTry:
    """Another prompt, and another seed."""

    prompt: str
    seed: int


def second_try(prompt: str, seed: int, reason: str) -> SecondTry:
    """After an answer that was refused for `reason`. A prompt that does not end as ours do stays as it is."""
    if prompt.endswith(_END):
        why = _WHY.get(reason, "it was no answer")
        told = f"\nThe last answer was refused: {why}. Answer about this shopper, in one line of JSON."
        prompt = prompt.removesuffix(_END) + told + _END
    return SecondTry(prompt, seed + 1)
