"""Understanding: a product's parts asked about, each answer kept, and what they say put together.

Every answer is kept under a key of all that it depends on. So a product whose text, prompt, model and sampling are the
same costs no call, and whoever is killed goes on with what is kept.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

import orjson

from clients.calls import Call, Completion, Sampling
from prompts.products.asking import ProductPrompt, ProductPrompts
from prompts.products.cards import understood
from prompts.products.grounding import GroundedProduct, ground_product, parse_product
from streams.errors import AnswerRefused
from streams.records.products import Product, Understood

TRIES = 2
"""Answers that are asked for, each with another seed, before a part is given up."""

Ask = Callable[[Call], Awaitable[Completion]]
"""Sends a call, as often as it takes, and sets its deadline. Raises ModelUnavailable, DeadlinePassed."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is kept, with the tokens that it cost, where the server told them."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


class Answers(Protocol):
    """The port to kept answers, by key."""

    async def get(self, key: str) -> Answered | None: ...

    async def put(self, key: str, answer: Answered) -> None: ...


@dataclass(slots=True)
class Spent:
    """What was asked so far: calls that were made, answers that were kept, and tokens of the calls."""

    calls: int = 0
    kept: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, other: "Spent") -> None:
        """What was asked elsewhere, too."""
        self.calls += other.calls
        self.kept += other.kept
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens


class Understanding:
    """Understands products with one model, whose name is part of the keys."""

    def __init__(self, ask: Ask, model: str, prompts: ProductPrompts, sampling: Sampling, answers: Answers) -> None:
        self._ask, self.model, self._prompts = ask, model, prompts
        self._sampling, self._answers = sampling, answers
        self.spent = Spent()

    async def of(self, product: Product) -> Understood:
        """What is known of a product. A part whose answers are none says nothing, and is counted."""
        grounded = [await self._part(product, prompt) for prompt in self._prompts.prompts(product)]
        parts = [part for part in grounded if part is not None]
        return understood(product, parts, len(grounded) - len(parts))

    async def missing(self, product: Product) -> AsyncIterator[tuple[str, Call]]:
        """The calls that `of` would make now, with the keys that their answers are kept under: for each part without a
        good answer the next one. Nobody is asked."""
        for prompt in self._prompts.prompts(product):
            for call in self._calls(product, prompt):
                key = self._key(call)
                kept = await self._answers.get(key)
                if kept is None:
                    yield key, call
                    break
                if self._read(kept, prompt) is not None:
                    break

    async def known(self, product: Product) -> dict[str, Answered]:
        """What is kept of the answers that `of` would ask for, by key."""
        calls = (call for prompt in self._prompts.prompts(product) for call in self._calls(product, prompt))
        found = {key: await self._answers.get(key) for key in map(self._key, calls)}
        return {key: answer for key, answer in found.items() if answer is not None}

    async def take(self, answers: Mapping[str, Answered], spent: Spent) -> None:
        """Keep answers that another process asked for in our place, and count what it asked."""
        for key, answer in answers.items():
            await self._answers.put(key, answer)
        self.spent.add(spent)

    async def _part(self, product: Product, prompt: ProductPrompt) -> GroundedProduct | None:
        for call in self._calls(product, prompt):
            grounded = self._read(await self._answer(call), prompt)
            if grounded is not None:
                return grounded
        return None

    def _read(self, answer: Answered, prompt: ProductPrompt) -> GroundedProduct | None:
        """What stands of an answer; None of what is none."""
        try:
            return ground_product(parse_product(answer.text), prompt, self._prompts.vocabulary)
        except AnswerRefused:
            return None

    def _calls(self, product: Product, prompt: ProductPrompt) -> Iterator[Call]:
        prompts, sampling = self._prompts, self._sampling
        call = Call(
            f"product-{product.id}", prompt.text, 0.0, prompts.max_tokens, traffic_class="batch",
            temperature=sampling.temperature, seed=sampling.seed, stop=prompts.stop,
            json_schema=prompts.json_schema, prompt_version=prompts.version,
        )  # fmt: skip
        yield from (replace(call, seed=sampling.seed + at) for at in range(TRIES))

    async def _answer(self, call: Call) -> Answered:
        key = self._key(call)
        kept = await self._answers.get(key)
        if kept is not None:
            self.spent.kept += 1
            return kept
        done = await self._ask(call)
        answer = Answered(done.text, done.input_tokens or 0, done.output_tokens or 0)
        await self._answers.put(key, answer)
        self.spent.calls += 1
        self.spent.input_tokens += answer.input_tokens
        self.spent.output_tokens += answer.output_tokens
        return answer

    def _key(self, call: Call) -> str:
        """Of the prompt, which holds the row's text and the version's, of the model and of the sampling."""
        of = [self.model, call.prompt, call.json_schema, call.max_tokens, call.temperature, call.seed]
        return blake2b(orjson.dumps(of), digest_size=16).hexdigest()
