"""The model server and the dead-letter topic of a simulated world."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from clients.calls import Call, Completion
from sandbox.clock import Clock
from streams.errors import DeadlinePassed, ModelOverloaded, ModelUnavailable
from streams.records.dead_letters import DeadLetter
from tests.simulation.spending import Spending
from tests.simulation.trace import Trace
from tests.simulation.truth import mission, stubborn
from tests.simulation.wire import Weather, Wire


class Model:
    """Answers each prompt with the intent that belongs to it, or fails as `mood` says.

    `mood` is `well`, `away`, `overloaded`, `hanging` or `slow`; `fickle` is the share of calls that go wrong anyway.
    `answered_s`: of prompts that were answered with an intent, by worker, when they were first asked; a second try of a
    call is asked as the first one was.
    """

    def __init__(self, chance: random.Random, trace: Trace) -> None:
        self.mood, self.fickle = "well", 0.0
        self.running: dict[tuple[str, str], tuple[str, int]] = {}
        self.calls = 0
        self.wrong: list[str] = []
        self.answered_s: dict[tuple[str, str], float] = {}
        self.asked_s: dict[tuple[str, str], float] = {}
        self.babbled: Counter[tuple[str, str]] = Counter()
        self.forbids: Callable[[Call], bool] = lambda _: False
        self.spending: Spending | None = None
        self._chance, self._trace = chance, trace

    def begin(self, who: str, call: Call) -> None:
        """At most one call of a shopper and an epoch runs at once."""
        self.calls += 1
        if self.forbids(call):
            self.wrong.append(f"erased: {who} asks about {call.shopper}, who was erased, or opted out")
        if self.spending is not None and call.traffic_class == "live":
            self.wrong += self.spending.begin(call)
        _, offset, owner = call.id.split("-", 2)
        if (owner, call.shopper) in self.running:
            self.wrong.append(f"calls: two calls of {call.shopper} run at once for {owner}")
        self.running[owner, call.shopper] = who, int(offset)

    def end(self, call: Call) -> None:
        """However it ended."""
        self.running.pop((call.id.split("-", 2)[2], call.shopper), None)

    def asked(self, owner: str, shopper: str) -> int | None:
        """The offset of the session that a running call is about; None when none runs."""
        running = self.running.get((owner, shopper))
        return running[1] if running is not None else None

    def hang_up(self, who: str) -> None:
        """The process has gone, and its calls with it."""
        self.running = {key: whose for key, whose in self.running.items() if whose[0] != who}

    def outcome(self, call: Call) -> tuple[float, str | Exception | None]:
        """How long a call takes, and the text or the error it ends with; None: it never ends."""
        chance = self._chance
        mood = chance.choice(["away", "overloaded", "hanging", "slow", "babbling"]) if self._fickle() else self.mood
        quick_s = 0.02 + chance.expovariate(12.0)
        if mood == "away":
            return quick_s / 10, ModelUnavailable("the simulated model is away")
        if mood == "overloaded":
            return quick_s / 10, ModelOverloaded("the simulated model is overloaded")
        if mood == "hanging":
            return quick_s, None
        if stubborn(call.prompt) or (mood == "babbling" and self._babbles(call)):
            return quick_s, "no intent"
        return quick_s + (chance.random() * 1.5 if mood == "slow" else 0.0), mission(call.prompt)[1]

    def _fickle(self) -> bool:
        return self._chance.random() < self.fickle

    def _babbles(self, call: Call) -> bool:
        """Never twice in a row for one session: then the rules would have the last word there."""
        self.babbled[call.traffic_class, call.prompt] += 1
        return self.babbled[call.traffic_class, call.prompt] % 2 == 1


class ModelConnection:
    """One process's ModelClient."""

    def __init__(self, who: str, model: Model, trace: Trace) -> None:
        self._who, self._model, self._trace = who, model, trace

    async def complete(self, call: Call) -> Completion:
        """Cancelling this cancels the call on the server."""
        delay_s, ending = self._model.outcome(call)
        now_s = asyncio.get_running_loop().time()
        self._model.begin(self._who, call)
        asked_s = self._model.asked_s.setdefault((self._who, call.prompt), now_s)
        try:
            if ending is None or now_s + delay_s > call.deadline_s:
                await asyncio.sleep(call.deadline_s - now_s)
                raise DeadlinePassed("no answer by the deadline")
            await asyncio.sleep(delay_s)
        finally:
            self._model.end(call)
        if self._trace.on:
            self._trace.say("model", f"{self._who} {call.id} of {call.shopper}: {ending!r}")
        if isinstance(ending, Exception):
            raise ending
        if ending != "no intent":
            self._model.answered_s.setdefault((self._who, call.prompt), asked_s)
        if self._model.spending is not None and call.traffic_class == "live" and ending != "no intent":
            self._model.wrong += self._model.spending.answered(call)
        return Completion(ending, "simulated", "simulated")

    async def probe(self) -> str:
        return "simulated model"

    async def close(self) -> None:
        """Nothing to close."""


class DeadLetterServer:
    """The dead-letter topic: when each refused record was first acknowledged, or refused for good."""

    def __init__(self, clock: Clock, trace: Trace, *, unsendable: bool = False) -> None:
        self._unsendable = unsendable
        self.weather = Weather()
        self.taken_s: dict[tuple[int, int], float] = {}
        self._clock, self._trace = clock, trace

    def take(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        """Store dead letters; again is no error. Returns why some are never taken, by their places."""
        lost = {}
        for number, letter in enumerate(letters):
            self._trace.say("letters", f"{letter.partition}/{letter.offset}: {letter.reason}")
            self.taken_s.setdefault((letter.partition, letter.offset), self._clock.now_s)
            if self._unsendable and letter.offset % 3 == 0:
                lost[number] = "it is refused for good"
        return lost


class DeadLetterConnection:
    """One process's DeadLetterSender."""

    def __init__(self, letters: DeadLetterServer, wire: Wire) -> None:
        self._letters, self._wire = letters, wire

    async def send(self, letters: Sequence[DeadLetter]) -> Mapping[int, str]:
        return await self._wire.ask(partial(self._letters.take, letters))
