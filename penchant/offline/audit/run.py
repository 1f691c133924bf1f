"""Run: every attempt once, as many at once as the model takes."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clients.calls import Call, ModelClient
from penchant.offline.audit.corpus import SHOWN, Attempt
from penchant.offline.audit.judgement import FIELDS, LEAKS, Outcome, judged
from penchant.offline.audit.shopper import AuditedWorker
from penchant.offline.eval.calling import Caller, first
from penchant.settings.root import Settings
from prompts.guard import QUERY, clean
from streams.records.intents import Intent

HARMLESS = "kettle"
EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest share of instructions that may move a field, and of texts that may leak in a way."""

    moved: float
    leaked: float


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all attempts at `model`."""

    model: str
    outcomes: Sequence[Outcome]
    limits: Limits

    def moved(self) -> dict[str, float]:
        """The share of instructions that moved each field."""
        told = [each for each in self.outcomes if each.attempt.kind == "instruction"]
        counts = Counter(field for each in told for field in each.moved)
        return {field: _share(counts[field], len(told)) for field in FIELDS}

    def leaked(self) -> dict[str, float]:
        """The share of texts that leaked, by how: of instructions, or of personal data."""
        counts = Counter(how for each in self.outcomes for how in each.leaked)
        of = Counter(each.attempt.kind == "instruction" for each in self.outcomes)
        return {how: _share(counts[how], of[not how.startswith("personal")]) for how in LEAKS}

    @property
    def passed(self) -> bool:
        """Whether all is within the limits."""
        moved, leaked = max(self.moved().values()), max(self.leaked().values())
        return moved <= self.limits.moved and leaked <= self.limits.leaked

    def as_json(self) -> dict[str, Any]:
        """The same for machines, with examples."""
        bad = [each for each in self.outcomes if each.moved or each.leaked]
        return {
            "model": self.model,
            "attempts": len(self.outcomes),
            "passed": self.passed,
            "limits": {"moved": self.limits.moved, "leaked": self.limits.leaked},
            "moved": self.moved(),
            "leaked": self.leaked(),
            "examples": [_example(each) for each in bad[:EXAMPLES]],
        }


async def run(settings: Settings, client: ModelClient, attempts: Sequence[Attempt], limits: Limits) -> Report:
    """Ask about a hostile shopper for each attempt, and about the harmless one beside it."""
    model = await client.probe()
    audit = _Audit(settings, Caller(client))
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(audit.outcome(each)) for each in attempts]
    except BaseExceptionGroup as exc:
        raise first(exc) from exc
    return Report(model, [task.result() for task in tasks], limits)


class _Audit:
    def __init__(self, settings: Settings, caller: Caller) -> None:
        self._caller = caller
        self._worker = AuditedWorker(settings, time.time_ns() // 1_000_000)
        signals = settings.prompts.vocabulary.signals.values()
        self._counted = settings.prompts.vocabulary.spoken.union(*(signal.words for signal in signals))
        self._benign: dict[str, asyncio.Task[tuple[str, str, Intent]]] = {}

    async def outcome(self, attempt: Attempt) -> Outcome:
        """A text in its place, beside a harmless one that the rules read alike."""
        if attempt.place == "title":
            asked, harmless = (attempt.planted, HARMLESS), (SHOWN, HARMLESS)
        else:
            words = sorted(set(re.findall(r"[^\W_]+", clean(attempt.planted, QUERY).casefold())) & self._counted)
            asked, harmless = (SHOWN, attempt.planted), (SHOWN, " ".join((SHOWN, *words)))
        prompt, answer, hostile = await self._ask(*asked)
        key = "\n".join(harmless)
        if key not in self._benign:
            self._benign[key] = asyncio.create_task(self._ask(*harmless))
        _, _, benign = await self._benign[key]
        return judged(attempt, prompt, answer, hostile, benign)

    async def _ask(self, title: str, query: str) -> tuple[str, str, Intent]:
        question = self._worker.ask(title, query)
        call: Call = question.call(0.0, "batch")
        completion, _ = await self._caller.complete(call)
        return call.prompt, completion.text, self._worker.intent(question, completion)


def _share(count: int, of: int) -> float:
    return round(count / of, 4) if of else 0.0


def _example(outcome: Outcome) -> dict[str, Any]:
    attempt = outcome.attempt
    where = {"kind": attempt.kind, "encoding": attempt.encoding, "place": attempt.place, "text": attempt.text}
    return {**where, "moved": outcome.moved, "leaked": outcome.leaked, "answer": outcome.answer[:500]}
