"""What a model of the tests is to do with one call: carried by the prompt, so that every server can read it."""

import json
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Turn:
    """Answer with `chunks` after `delay_s`, or play `fault` then. Each server says which faults it knows."""

    chunks: tuple[str, ...] = ("{}",)
    delay_s: float = 0.0
    fault: str = ""

    def prompt(self) -> str:
        """The prompt that asks for this turn."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, prompt: str) -> Self:
        """The turn that `prompt` asks for."""
        fields = json.loads(prompt)
        return cls(**{**fields, "chunks": tuple(fields["chunks"])})


@dataclass(frozen=True, slots=True)
class ServerCallCounts:
    """Calls that a server began, ended in any way, and ended because the client went away."""

    opened: int = 0
    closed: int = 0
    cancelled: int = 0
