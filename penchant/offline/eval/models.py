"""Models: what a model and a prompt version answer at each cut, read and grounded as in the pipeline."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

from clients.calls import Call, Completion
from penchant.offline.eval.answers import Answered, Answers, Subject
from penchant.offline.eval.calling import complete, first
from penchant.offline.eval.cases import Case
from prompts.answer import parse
from prompts.grounding import ground
from prompts.render import Prompt, PromptRenderer
from prompts.rules import rules
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable

AT_ONCE = 64


async def ask(subject: Subject, cases: Sequence[Case], advance: Callable[[int], None]) -> Answers:
    """Ask about every case, some at once; `advance` is told of each answer. Raises ModelUnavailable."""
    renderer = PromptRenderer(subject.version, subject.prompts)
    prompts = [renderer.render(case.shown.view) for case in cases]
    found: dict[int, Answered] = {}
    waiting = iter(enumerate(zip(cases, prompts, strict=True)))

    async def worker() -> None:
        for at, (case, prompt) in waiting:
            completion = await complete(subject.client, _call(subject, at, case, prompt))
            found[at] = _read(subject, case, completion)
            advance(1)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(AT_ONCE, len(cases))):
                workers.create_task(worker())
    except* (ModelUnavailable, DeadlinePassed) as group:
        raise ModelUnavailable(f"{subject.name}: {first(group)}") from group
    answers = tuple(found[at] for at in range(len(cases)))
    return Answers(subject, answers, tuple(prompt.text for prompt in prompts), tuple(_prefix_shares(cases, prompts)))


def _call(subject: Subject, at: int, case: Case, prompt: Prompt) -> Call:
    return Call(
        f"eval-{subject.version}-{at}",
        prompt.text,
        0.0,
        prompt.max_tokens,
        str(case.visit),
        "batch",
        stop=prompt.stop,
        json_schema=prompt.json_schema,
        prompt_version=prompt.version,
    )


def _read(subject: Subject, case: Case, completion: Completion) -> Answered:
    view = case.shown.view
    rule = rules(view, subject.prompts.vocabulary)
    try:
        answer = parse(completion.text, subject.prompts.template(subject.version).example_texts)
    except AnswerRefused:
        return Answered(rule, completion, valid=False)
    grounded = ground(answer, view, rule, subject.prompts.vocabulary)
    return Answered(
        grounded.findings,
        completion,
        valid=True,
        removed=grounded.removed,
        abstained=grounded.abstained,
        claimed=len(answer.evidence),
    )


def _prefix_shares(cases: Sequence[Case], prompts: Sequence[Prompt]) -> list[float | None]:
    """Of every prompt but the first of its session, by characters."""
    before: dict[int, str] = {}
    shares: list[float | None] = []
    for case, prompt in zip(cases, prompts, strict=True):
        old = before.get(case.visit)
        shares.append(None if old is None else _common(old, prompt.text) / len(prompt.text))
        before[case.visit] = prompt.text
    return shares


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, x=True, key=lambda length: not other.startswith(one[:length]))
