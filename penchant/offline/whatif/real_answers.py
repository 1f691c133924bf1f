"""Real answers: what a model says to some of the calls of a played day, beside what the replay assumed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from agents.worker.asked import NAMES, Said
from agents.worker.asking import Question
from agents.worker.checkpoints import Checkpoint
from agents.worker.reasoning import Answered, Reasoning
from clients.calls import Call, Completion, ModelClient
from penchant.offline.eval.calling import Caller
from penchant.offline.whatif.variant import Variant
from penchant.worker.model_side import reasoning_of
from penchant.worker.tokenizer import tokenizer
from sandbox.gpu.answers import LOOKS_AROUND
from sandbox.gpu.tokens import tokens
from streams.errors import AnswerRefused, DeadlinePassed, ModelUnavailable, PromptTooLong
from streams.records.intents import Waits
from streams.sessions.packing import load

DEADLINE_S = 60.0
ASSUMED = Completion(LOOKS_AROUND, "simulated", "simulated")


class Beside(NamedTuple):
    """A figure by the model, and as the replay assumed it. None where nothing tells."""

    real: float | None
    assumed: float | None


@dataclass(frozen=True, slots=True)
class Pair:
    """One call: what the model said and what was assumed, None where the model's answer was no intent; `hot` are what
    rankers would have read of each. Tokens as the server counted them, and as the replay did."""

    real: Answered | None
    assumed: Answered
    hot: tuple[Said, Said]
    input_tokens: int | None
    output_tokens: int | None
    prompt_tokens: int


REAL_MEANINGS = {
    "asked": "calls that were made for real",
    "answered": "share of them that got an answer within six tries",
    "usable": "share of the answers that are intents",
    "grounded": "share of usable answers that lost nothing by grounding",
    "agreed": "share of usable answers by which a ranker would do the same as by the assumed one",
    **{f"agreed_{name}": f"share that gives the same {name}" for name in NAMES},
    "agreed_price": "share that gives the same price band, within a fifth",
    "prompt_tokens": "of a prompt on average",
    "output_tokens": "of an answer on average",
}
"""Every figure, in reading order. Those of agreement have nothing assumed beside them."""


async def ask(variant: Variant, client: ModelClient, asked: Sequence[Checkpoint]) -> dict[str, Beside]:
    """Make these calls, and say how the answers differ. Raises ModelUnavailable or ContractMismatch where the model is
    not there at all."""
    await client.probe()
    settings = variant.settings
    reasoning = reasoning_of(settings, tokenizer(settings.prompt.tokenizer))(settings.prompt.version, settings.sampling)
    caller = Caller(client)
    pairs = await asyncio.gather(*(_pair(reasoning, caller, each) for each in asked))
    return figures(pairs, variant.answer_tokens)


def figures(pairs: Sequence[Pair | None], answer_tokens: int) -> dict[str, Beside]:
    """By name; None is a call without an answer."""
    answered = [each for each in pairs if each is not None]
    usable = [each for each in answered if each.real is not None]
    hot = [each.hot for each in usable]
    shares = {
        "answered": Beside(_share([each is not None for each in pairs]), 1.0),
        "usable": Beside(_share([each.real is not None for each in answered]), 1.0),
        "grounded": Beside(
            _share([each.real is not None and not each.real.removed for each in usable]),
            _share([not each.assumed.removed for each in usable]),
        ),
        "agreed": Beside(_share([real.agrees(assumed) for real, assumed in hot]), None),
    }
    for at, name in enumerate(NAMES):
        shares[f"agreed_{name}"] = Beside(_share([real.names[at] == assumed.names[at] for real, assumed in hot]), None)
    price = [real.agrees(assumed._replace(names=real.names)) for real, assumed in hot]
    return {
        "asked": Beside(len(pairs), len(pairs)),
        **shares,
        "agreed_price": Beside(_share(price), None),
        "prompt_tokens": Beside(
            _mean([each.input_tokens for each in answered]), _mean([each.prompt_tokens for each in answered])
        ),
        "output_tokens": Beside(_mean([each.output_tokens for each in answered]), answer_tokens),
    }


async def _pair(reasoning: Reasoning, caller: Caller, checkpoint: Checkpoint) -> Pair | None:
    question = reasoning.ask(load(checkpoint.context.session), checkpoint)
    try:
        call, completion = await _fitting(question, caller)
    except (ModelUnavailable, DeadlinePassed, PromptTooLong):
        return None
    assumed, real = _read(question, ASSUMED) or Answered(None, ASSUMED), _read(question, completion)
    hot = _said(question, real), _said(question, assumed)
    return Pair(real, assumed, hot, completion.input_tokens, completion.output_tokens, tokens(call.prompt))


async def _fitting(question: Question, caller: Caller) -> tuple[Call, Completion]:
    """The call that is short enough for the server's context, as a worker makes it, and its answer. PromptTooLong when
    even the newest line is too much; ModelUnavailable, DeadlinePassed."""
    while True:
        call = question.call(asyncio.get_running_loop().time() + DEADLINE_S, "batch")
        try:
            return call, (await caller.complete(call))[0]
        except PromptTooLong:
            if not question.shorten():
                raise


def _read(question: Question, completion: Completion) -> Answered | None:
    try:
        return question.read(completion)
    except AnswerRefused:
        return None


def _said(question: Question, answered: Answered | None) -> Said:
    return Said.by(question.compose(answered, Waits(), 0))


def _share(happened: Sequence[bool]) -> float | None:
    return _mean([float(each) for each in happened])


def _mean(values: Sequence[float | None]) -> float | None:
    """Of those that are told."""
    told = [each for each in values if each is not None]
    return round(sum(told) / len(told), 4) if told else None
