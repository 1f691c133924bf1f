"""Progress file: what a worker reports of itself, in a file that outlives its `kill -9`."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import orjson

from clients.calls import Call


class Asked(NamedTuple):
    """What a call asked about: a shopper's session up to an offset."""

    shopper: str
    offset: int

    @classmethod
    def of(cls, call: Call) -> Self:
        """A call's id begins with the partition and the offset."""
        return cls(call.shopper, int(call.id.split("-", 2)[1]))


class ProgressFile:
    """Writes lines. Each is the system's as soon as it is written, whatever becomes of the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def began(self, call: Call) -> None:
        """The model is asked."""
        self._tell("began", asked=[*Asked.of(call)])

    def ended(self, call: Call) -> None:
        """The model has answered."""
        self._tell("ended", asked=[*Asked.of(call)])

    def state(self, received: Mapping[int, int], uncovered: int, intents: int) -> None:
        """Where the next record of each of our partitions stands, how many are not covered, and intents written."""
        self._tell("state", received=[*received.items()], uncovered=uncovered, intents=intents)

    def _tell(self, kind: str, **values: Any) -> None:
        os.write(self._file, orjson.dumps({"kind": kind, "at_s": time.monotonic(), **values}) + b"\n")


@dataclass(frozen=True, slots=True)
class State:
    """A worker at one moment, on the machine's monotonic clock."""

    at_s: float
    received: Mapping[int, int]
    uncovered: int
    intents: int


class ProgressReader:
    """Reads a progress file that may still be written: `look` reads on from where it stopped."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self.began: list[Asked] = []
        self.ended: list[Asked] = []
        self.states: list[State] = []

    def look(self) -> Self:
        """Read what was written since; a line that is not whole is left for later."""
        if not self._path.exists():
            return self
        with self._path.open("rb") as progress_file:
            progress_file.seek(self._read)
            written = progress_file.read()
        whole = written[: written.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._take(orjson.loads(line))
        return self

    def since(self, holds: Callable[[State], bool]) -> float | None:
        """When something was first true of its state; None when it never was."""
        return next((state.at_s for state in self.states if holds(state)), None)

    def in_flight(self) -> set[Asked]:
        """Calls that were asked and not answered."""
        return {*self.began} - {*self.ended}

    def _take(self, told: Mapping[str, Any]) -> None:
        if told["kind"] == "state":
            self.states.append(State(told["at_s"], dict(told["received"]), told["uncovered"], told["intents"]))
        else:
            calls = self.began if told["kind"] == "began" else self.ended
            calls.append(Asked(*told["asked"]))


def repeated(earlier: Iterable[ProgressReader], later: ProgressReader) -> int:
    """How many calls asked again about what one of the earlier workers had asked about."""
    before = {asked for progress_file in earlier for asked in progress_file.began}
    return sum(asked in before for asked in later.began)


def read_again(received: Mapping[int, int], committed: Mapping[int, int]) -> int:
    """How many records a worker had received that its successor reads again. Both name offsets by partition."""
    return sum(max(0, offset - committed.get(number, 0)) for number, offset in received.items())
