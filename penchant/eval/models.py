"""Models: what a model and a prompt version answer at each cut, read and grounded as in the pipeline."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from clients.calls import Call, Completion, ModelClient
from penchant.eval.cases import Case
from prompts.answer import parse
from prompts.grounding import ground
from prompts.missions import MISSIONS
from prompts.render import Prompt, PromptRenderer
from prompts.rules import rules
from prompts.tokens import estimate
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable
from streams.intents import Findings

AT_ONCE = 64
WITHIN_S = 60.0
TRIES = 4


@dataclass(frozen=True, slots=True)
class Subject:
    """A model with one version of the prompt. `what` is its server's own line; a `simulation` is no language model."""

    name: str
    client: ModelClient
    version: str
    missions: Sequence[str] = MISSIONS
    what: str = ""
    simulation: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one call. An answer that is none leaves the rules' findings, as in the pipeline.

    `claimed` and `removed` count the answer's events of evidence, and those among them that it made up.
    """

    findings: Findings
    completion: Completion
    valid: bool
    removed: tuple[str, ...] = ()
    abstained: bool = False
    claimed: int = 0


@dataclass(frozen=True, slots=True)
class Answers:
    """A subject's answers, one a case, and the share of each prompt that it has in common with the one before."""

    subject: Subject
    answers: tuple[Answered, ...]
    input_tokens: tuple[int, ...]
    prefix_shares: tuple[float, ...]

    def report(self) -> dict[str, object]:
        """Shares of one; tokens by the server's count, else estimated."""
        valid = [each for each in self.answers if each.valid]
        claimed = sum(each.claimed for each in valid)
        invented = sum(each.removed.count("evidence") for each in valid)
        completions = [each.completion for each in self.answers]
        return {
            "simulation": self.subject.simulation,
            "what": self.subject.what,
            "prompt": self.subject.version,
            "calls": len(completions),
            "model": completions[0].model,
            "endpoint": completions[0].endpoint,
            "schema_valid_share": round(len(valid) / len(completions), 4),
            "grounded_share": round(sum(not each.removed for each in valid) / max(len(valid), 1), 4),
            "evidence_valid_share": round(1 - invented / claimed, 4) if claimed else None,
            "abstained_share": round(sum(each.abstained for each in valid) / max(len(valid), 1), 4),
            "input_tokens_median": median(self.input_tokens),
            "output_tokens_median": median(map(_output_tokens, completions)),
            "prefix_share": round(fmean(self.prefix_shares), 4) if self.prefix_shares else None,
        }


async def ask(subject: Subject, cases: Sequence[Case], advance: Callable[[int], None]) -> Answers:
    """Ask about every case, some at once; `advance` is told of each answer. Raises ModelUnavailable."""
    renderer = PromptRenderer(subject.version, subject.missions)
    prompts = [renderer.render(case.shown.world) for case in cases]
    found: dict[int, Answered] = {}
    waiting = iter(enumerate(zip(cases, prompts, strict=True)))

    async def worker() -> None:
        for at, (case, prompt) in waiting:
            completion = await _complete(subject, f"eval-{subject.version}-{at}", str(case.visit), prompt)
            found[at] = _read(subject, case, completion)
            advance(1)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(AT_ONCE, len(cases))):
                workers.create_task(worker())
    except* (ModelUnavailable, DeadlinePassed) as group:
        raise ModelUnavailable(f"{subject.name}: {_first(group)}") from group
    answers = tuple(found[at] for at in range(len(cases)))
    read = tuple(_input_tokens(each.completion, prompt) for each, prompt in zip(answers, prompts, strict=True))
    return Answers(subject, answers, read, tuple(_prefix_shares(cases, prompts)))


async def _complete(subject: Subject, id_: str, shopper: str, prompt: Prompt) -> Completion:
    tries = AsyncRetrying(
        retry=retry_if_exception_type((ModelUnavailable, DeadlinePassed)),
        stop=stop_after_attempt(TRIES),
        wait=wait_random_exponential(multiplier=0.2, max=5.0),
        reraise=True,
    )
    async for attempt in tries:
        with attempt:
            deadline_s = asyncio.get_running_loop().time() + WITHIN_S
            call = Call(
                id_,
                prompt.text,
                deadline_s,
                prompt.max_tokens,
                shopper,
                "batch",
                stop=prompt.stop,
                json_schema=prompt.json_schema,
                prompt_version=subject.version,
            )
            return await subject.client.complete(call)
    raise AssertionError("the last try raises")


def _read(subject: Subject, case: Case, completion: Completion) -> Answered:
    world = case.shown.world
    rule = rules(world, subject.missions)
    try:
        answer = parse(completion.text)
    except AnswerRefused:
        return Answered(rule, completion, valid=False)
    grounded = ground(answer, world, rule, subject.missions)
    return Answered(
        grounded.findings,
        completion,
        valid=True,
        removed=grounded.removed,
        abstained=grounded.abstained,
        claimed=len(answer.evidence),
    )


def _prefix_shares(cases: Sequence[Case], prompts: Sequence[Prompt]) -> list[float]:
    """Of every prompt but the first of its session, by characters."""
    before: dict[int, str] = {}
    shares = []
    for case, prompt in zip(cases, prompts, strict=True):
        if (old := before.get(case.visit)) is not None:
            shares.append(_common(old, prompt.text) / len(prompt.text))
        before[case.visit] = prompt.text
    return shares


def _common(one: str, other: str) -> int:
    """How many characters both begin with."""
    lengths = range(1, min(len(one), len(other)) + 1)
    return bisect_left(lengths, x=True, key=lambda length: not other.startswith(one[:length]))


def _input_tokens(completion: Completion, prompt: Prompt) -> int:
    return estimate(prompt.text) if completion.input_tokens is None else completion.input_tokens


def _output_tokens(completion: Completion) -> int:
    if completion.output_tokens is not None:
        return completion.output_tokens
    return estimate(completion.text)


def _first(group: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
