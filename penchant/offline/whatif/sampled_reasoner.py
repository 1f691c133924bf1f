"""Sampled reasoner: asks as another does, and keeps some of what it was asked about."""

from random import Random

from agents.worker.asking import Question, Reasoner
from agents.worker.checkpoints import Checkpoint
from streams.sessions.session import Session


class SampledReasoner:
    """`kept` are at most so many, each question as likely as any other; always the same for the same questions."""

    def __init__(self, reasoner: Reasoner, most: int) -> None:
        self._reasoner, self._most, self._random, self._seen = reasoner, most, Random(0), 0
        self.kept: list[Checkpoint] = []

    def ask(self, session: Session, checkpoint: Checkpoint) -> Question:
        """The other's question."""
        self._seen += 1
        if len(self.kept) < self._most:
            self.kept.append(checkpoint)
        elif (place := self._random.randrange(self._seen)) < self._most:
            self.kept[place] = checkpoint
        return self._reasoner.ask(session, checkpoint)
