"""Models: what a model and a prompt version answer at each cut, read and grounded as in the pipeline."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence

from clients.calls import Call, Completion
from penchant.offline.eval.answers import Answered, Answers, Subject
from penchant.offline.eval.calling import AT_ONCE, Caller, first
from penchant.offline.eval.cases import Case
from penchant.offline.eval.raw_answers import RawAnswer, RawAnswers
from prompts.answer import PARROTED, parse
from prompts.grounding import ground
from prompts.render import Prompt, PromptRenderer
from prompts.view import PromptView
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable, PromptTooLong, SettingInvalid
from streams.records.intents import Findings


async def ask(
    subject: Subject,
    cases: Sequence[Case],
    base: Sequence[Findings],
    advance: Callable[[int], None],
    kept: RawAnswers,
) -> Answers:
    """Ask about every case whose answer is not kept, as many at once as the server takes; `advance` is told of each.
    Each answer starts from the rules' findings in `base`. Raises ModelUnavailable; the answers until then are kept."""
    renderer = PromptRenderer(subject.version, subject.prompts)
    views = [renderer.offering(case.shown.view, rule) for case, rule in zip(cases, base, strict=True)]
    prompts = list(map(renderer.render, views))
    found: dict[int, Answered] = {}
    waiting, caller = iter(enumerate(zip(cases, prompts, strict=True))), Caller(subject.client)

    async def worker() -> None:
        for at, (case, prompt) in waiting:
            call = _call(subject, at, case, prompt)
            answer = kept.find(subject.what, call)
            if answer is None:
                answer = RawAnswer(*await _answered(caller, call))
                kept.keep(subject.what, call, answer)
            found[at] = _read(subject, views[at], base[at], answer)
            advance(1)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(AT_ONCE, len(cases))):
                workers.create_task(worker())
    except* (ModelUnavailable, DeadlinePassed) as group:
        raise ModelUnavailable(f"{subject.name}: {first(group)}") from group
    answers = tuple(found[at] for at in range(len(cases)))
    return Answers(subject, answers, tuple(prompt.text for prompt in prompts), tuple(_prefix_shares(cases, prompts)))


async def _answered(caller: Caller, call: Call) -> tuple[Completion, float]:
    try:
        return await caller.complete(call)
    except PromptTooLong as error:
        remedy = "give the server a longer context, or lower prompt.high_tokens and prompt.low_tokens"
        raise SettingInvalid(f"a prompt does not fit: {error}", remedy) from error


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


def _read(subject: Subject, view: PromptView, rule: Findings, kept: RawAnswer) -> Answered:
    completion, template = kept.completion, subject.prompts.template(subject.version)
    try:
        answer = parse(completion.text, template.examples, foresees=template.foresees)
    except AnswerRefused as error:
        parroted = error.reason == PARROTED
        return Answered(rule, completion, valid=False, took_ms=kept.took_ms, parroted=parroted)
    grounded = ground(answer, view, rule, subject.prompts.vocabulary)
    return Answered(
        grounded.findings,
        completion,
        valid=True,
        removed=grounded.removed,
        abstained=grounded.abstained,
        claimed=len(answer.evidence),
        took_ms=kept.took_ms,
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
