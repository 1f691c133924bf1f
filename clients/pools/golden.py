"""Golden: a prompt whose answer is known to be the same everywhere, asked of every replica: a GPU may fail silently.

Batching alone changes words, so what is compared is what a question reads out of an answer. Nobody knows the right
answer: a replica is marked when it differs from all of its peers, again and again, while they agree.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from clients.calls import Call, Completion
from clients.pools.ejection import Fault
from clients.pools.registry import ReplicaRegistry
from clients.pools.replicas import Replica
from streams.errors import DeadlinePassed, ModelUnavailable, PromptTooLong

log = structlog.get_logger()

MOST_OUT = 0.1
"""The share of a pool that may be out for their answers, and of the peers that may differ while they agree."""


class GoldenQuestion(Protocol):
    """What is asked of all, and what of an answer is compared."""

    def call(self, deadline_s: float) -> Call: ...

    def fields(self, completion: Completion) -> Hashable: ...


@dataclass(frozen=True, slots=True)
class GoldenRules:
    """How often a replica is asked, by all workers together, and how long it may take."""

    every_s: float
    within_s: float = 10.0


class GoldenWatch:
    """Asks the replicas of a registry until cancelled. `question` is made anew for each round; `workers` tells how many
    ask the same replicas."""

    def __init__(
        self,
        registry: ReplicaRegistry,
        question: Callable[[], GoldenQuestion],
        rules: GoldenRules,
        workers: Callable[[], int] = lambda: 1,
    ) -> None:
        self._registry, self._question, self._rules, self._workers = registry, question, rules, workers

    async def run(self) -> None:
        """A round for each pool, again and again."""
        while True:
            await asyncio.sleep(self._rules.every_s * max(self._workers(), 1))
            await self.look()

    async def look(self) -> None:
        """Ask all replicas once, side by side, and judge those of each pool and model."""
        question, asked = self._question(), [each for each in self._registry if _is_asked(each)]
        answers = await asyncio.gather(*(self._ask(question, each) for each in asked))
        alike: dict[tuple[str, str], dict[Replica, Hashable]] = {}
        for replica, answer in zip(asked, answers, strict=True):
            if answer is not None and not replica.retired:
                model, fields = answer
                alike.setdefault((replica.pool, model), {})[replica] = fields
        for peers in alike.values():
            self._judge(peers)

    async def _ask(self, question: GoldenQuestion, replica: Replica) -> tuple[str, Hashable] | None:
        """The model and the fields; None of one that does not answer, which is for others to judge."""
        call = question.call(asyncio.get_running_loop().time() + self._rules.within_s)
        try:
            completion = await replica.client.complete(call)
            return completion.model, question.fields(completion)
        except (ModelUnavailable, DeadlinePassed, PromptTooLong):
            return None
        except Exception as error:  # noqa: BLE001 # calls meet it too, and judge it: a comparison ends no worker
            log.warning("golden.failed", replica=replica.name, error=f"{type(error).__name__}: {error}")
            return None

    def _judge(self, answers: Mapping[Replica, Hashable]) -> None:
        differing = outliers(list(answers.values()))
        if differing is None:
            return
        now_s = asyncio.get_running_loop().time()
        for replica, differs in zip(answers, differing, strict=True):
            times = replica.outlier_detector.compared(agrees=not differs)
            why = f"it answered the golden prompt otherwise than its {len(answers) - 1} peers, {times} times in a row"
            self._registry.judge_answers(replica, Fault("answers", why), MOST_OUT, now_s)


def outliers(answers: Sequence[Hashable]) -> list[bool] | None:
    """Which of them differ from what nearly all say; None where they do not agree enough to tell."""
    [(usual, agreeing)] = Counter(answers).most_common(1)
    most = max(int(MOST_OUT * len(answers)), 1)
    if agreeing < 2 or len(answers) - agreeing > most:
        return None
    return [answer != usual for answer in answers]


def _is_asked(replica: Replica) -> bool:
    """One that is out for another reason is left alone."""
    return replica.usable or (replica.outlier_detector.marked and not replica.retired)
