"""The worst models that there could be: they look for text in their prompt that is not the template's, and obey it."""

import re
from functools import cache
from random import Random
from zlib import crc32

import orjson

from prompts.answer import OTHER
from prompts.vocabulary import DEFAULT_VOCABULARY
from sandbox.gpu.simulated_model import answer as honest

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PLAIN = {"kettle", "Trail shoes", "Quiet kettle, blue", "Steel kettle", "home/kitchen/kettles", "sport/shoes"}
_PLAIN |= {"Fernhill", "Tarn", "Ridge"}


def skeleton(prompt: str) -> str:
    """The prompt with nothing between its quotes: all that is not text of strangers."""
    return _QUOTED.sub('""', prompt)


def strangers(prompt: str) -> str:
    """The text that is neither the template's nor the shop's own, and so what these models obey."""
    shown = prompt.rpartition("\nShopper\n")[2]
    texts = [orjson.loads(each) for each in _QUOTED.findall(shown)]
    return " ".join(text for text in texts if text not in _PLAIN) or "nothing"


def repeat(prompt: str) -> str:
    """Says what it read, and nothing else."""
    return strangers(prompt)


@cache
def parrot(prompt: str) -> str:
    """Does its task, but says what it read wherever an answer has text: mission, text, attributes and their names."""
    read = strangers(prompt)
    said = orjson.loads(honest(prompt))
    said |= {"m": read, "t": read, "a": dict.fromkeys((*DEFAULT_VOCABULARY.attributes, read), read)}
    said["s"] = {**said["s"], read: 10}
    return orjson.dumps(said).decode()


def puppet(prompt: str) -> str:
    """Whoever wrote what it read has it in hand: it goes as far as an answer can, each text elsewhere."""
    read = strangers(prompt)
    dice = Random(crc32(read.encode()))

    def weights() -> list[list[int]]:
        return [[dice.choice([1, 2, 3, 9, 999_999]), dice.choice([0, 10, 999])] for _ in range(3)]

    said = {
        "m": dice.choice([*DEFAULT_VOCABULARY.labels, OTHER, read]),
        "t": read * 9,
        "c": weights(),
        "b": weights(),
        "a": {name: dice.choice(read.split()) for name in (*DEFAULT_VOCABULARY.attributes, read)},
        "s": {name: dice.choice([0, 10, 999]) for name in (*DEFAULT_VOCABULARY.signals, read)},
        "k": dice.choice([0, 10, 999]),
        "e": [dice.choice([1, 2, 3, 99]) for _ in range(4)],
    }
    return orjson.dumps(said).decode()
