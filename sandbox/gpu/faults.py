"""Faults of a simulated model server, on demand: which request meets which. Pure; the same behind Triton and in virtual
time."""

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN
from streams.errors import SettingInvalid

OTHER_SCHEMA = '{"answer": {"value": 42, "unit": "none"}}'
REMEDY = "write e.g. `hang=0.2 empty=0.05`, shares of requests from 0 to 1"


@dataclass(frozen=True, slots=True)
class Faults:
    """Shares of requests, from 0 to 1, that meet each fault; one meets one at the most.

    slow: the answer takes `factor` times as long. hang: it never comes. overload: refused as by a full queue. crash:
    the server dies, with all that it works on. The others are answers: cut off in the middle, nothing but white space
    up to the limit, JSON of another schema, none at all.
    """

    slow: float = 0.0
    hang: float = 0.0
    overload: float = 0.0
    crash: float = 0.0
    invalid_json: float = 0.0
    whitespace: float = 0.0
    wrong_schema: float = 0.0
    empty: float = 0.0
    factor: float = 10.0
    seed: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `write`'s text. SettingInvalid."""
        known = {each.name: each.type for each in fields(cls)}
        values: dict[str, float] = {}
        for word in text.split():
            name, _, value = word.partition("=")
            if name not in known:
                raise SettingInvalid(f"there is no fault {name!r}", REMEDY)
            try:
                values[name] = int(value) if name == "seed" else float(value)
            except ValueError as exc:
                raise SettingInvalid(f"{word!r} is no share", REMEDY) from exc
        faults = cls(**values)  # type: ignore[arg-type]  # the seed is an int
        if sum(faults.shares().values()) > 1 or any(not 0 <= share <= 1 for share in faults.shares().values()):
            raise SettingInvalid(f"shares from 0 to 1 were expected, together at most 1: {text}", REMEDY)
        return faults

    def write(self) -> str:
        """As text: `hang=0.2 seed=3`."""
        standard = asdict(type(self)())
        return " ".join(f"{name}={value}" for name, value in asdict(self).items() if value != standard[name])

    def shares(self) -> Mapping[str, float]:
        """By fault."""
        return {name: value for name, value in asdict(self).items() if name not in ("factor", "seed")}

    def of(self, number: int) -> str:
        """The fault that the request of this number meets; empty for none."""
        left = random.Random(self.seed << 40 | number).random()
        for name, share in self.shares().items():
            if left < share:
                return name
            left -= share
        return ""


def spoil(fault: str, answer: str, max_tokens: int) -> str:
    """What an answer becomes with a fault."""
    match fault:
        case "invalid_json":
            return answer[: len(answer) // 2]
        case "whitespace":
            return ("{" + "\t " * (max_tokens * CHARACTERS_PER_TOKEN))[: max_tokens * CHARACTERS_PER_TOKEN]
        case "wrong_schema":
            return OTHER_SCHEMA
        case "empty":
            return ""
    return answer
