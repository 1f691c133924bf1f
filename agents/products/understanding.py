"""Understanding: a product's parts asked about, each answer kept, and what they say put together.

Every answer is kept under a key of all that it depends on. So a product whose text, prompt, model and sampling are the
same costs no call, and whoever is killed goes on with what is kept.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Protocol

import orjson
from msgspec import structs

from agents.products.images import ImageRefused
from clients.calls import Call, Completion, Image, Sampling
from prompts.products.asking import ProductPrompt, ProductPrompts
from prompts.products.cards import understood
from prompts.products.grounding import GroundedProduct, ground_product, parse_product
from streams.errors import AnswerRefused, CallFailed, CallRefused, PromptTooLong
from streams.records.products import Product, Understood

TRIES = 2
"""Answers that are asked for, each with another seed, before a part is given up."""

Ask = Callable[[Call], Awaitable[Completion]]
"""Sends a call, as often as it takes, and sets its deadline. Raises ModelUnavailable, DeadlinePassed; CallRefused,
PromptTooLong and CallFailed for a call that is at fault itself."""


Fetch = Callable[[str], Awaitable[Image]]
"""Gets the image of a URL. Raises ImageRefused."""

SEEN, TEXT_ALONE = "seen", "text alone"
NOT_TAKEN = "no image is fetched, or not all servers take one"
NOT_SEEN = "the model server does not take it"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is kept, with the tokens that it cost, where the server told them."""

    text: str
    input_tokens: int = 0
    output_tokens: int = 0


FAILED = Answered("the servers fail at this image, and answer other calls")
"""Kept in the place of an answer."""


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
    """Understands products with one model, whose name is part of the keys. `fetch` gets images, where the model's
    servers take them."""

    def __init__(
        self,
        ask: Ask,
        model: str,
        prompts: ProductPrompts,
        sampling: Sampling,
        answers: Answers,
        fetch: Fetch | None = None,
    ) -> None:
        self._ask, self.model, self._prompts, self._fetch = ask, model, prompts, fetch
        self._sampling, self._answers = sampling, answers
        self.spent = Spent()

    async def of(self, product: Product) -> Understood:
        """What is known of a product. A part whose answers are none says nothing, and is counted. The first part is
        shown with the image, where the servers take one; where it cannot be had, its text alone."""
        first, *others = self._prompts.prompts(product)
        grounded, image = await self._shown(product, first)
        all_parts = [grounded, *[await self._part(product, prompt) for prompt in others]]
        parts = [part for part in all_parts if part is not None]
        found = understood(product, parts, len(all_parts) - len(parts))
        return replace(found, image=image)

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
        prompts = self._prompts.prompts(product)
        calls = [call for prompt in prompts for call in self._calls(product, prompt)]
        if product.image_url and self._fetch is not None:
            calls += self._calls(product, prompts[0], Image(product.image_url))
        found = {key: await self._answers.get(key) for key in map(self._key, calls)}
        return {key: answer for key, answer in found.items() if answer is not None}

    async def take(self, answers: Mapping[str, Answered], spent: Spent) -> None:
        """Keep answers that another process asked for in our place, and count what it asked."""
        for key, answer in answers.items():
            await self._answers.put(key, answer)
        self.spent.add(spent)

    async def _shown(self, product: Product, prompt: ProductPrompt) -> tuple[GroundedProduct | None, str]:
        """What stands of the first part's answer, and whether the image was seen."""
        if not product.image_url:
            return await self._part(product, prompt), ""
        if self._fetch is None:
            return await self._part(product, prompt), f"{TEXT_ALONE}: {NOT_TAKEN}"
        try:
            return await self._part(product, prompt, Image(product.image_url)), SEEN
        except ImageRefused as refused:
            return await self._part(product, prompt), f"{TEXT_ALONE}: {refused}"
        except (CallRefused, PromptTooLong, CallFailed):
            return await self._part(product, prompt), f"{TEXT_ALONE}: {NOT_SEEN}"

    async def _part(
        self, product: Product, prompt: ProductPrompt, image: Image | None = None
    ) -> GroundedProduct | None:
        for call in self._calls(product, prompt, image):
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

    def _calls(self, product: Product, prompt: ProductPrompt, image: Image | None = None) -> Iterator[Call]:
        prompts, sampling = self._prompts, self._sampling
        call = Call(
            f"product-{product.id}", prompt.text, 0.0, prompts.max_tokens, traffic_class="batch",
            temperature=sampling.temperature, seed=sampling.seed, stop=prompts.stop,
            json_schema=prompts.json_schema, prompt_version=prompts.version, image=image,
        )  # fmt: skip
        yield from (structs.replace(call, seed=sampling.seed + at) for at in range(TRIES))

    async def _answer(self, call: Call) -> Answered:
        key = self._key(call)
        kept = await self._answers.get(key)
        if kept == FAILED:
            raise CallFailed(FAILED.text)
        if kept is not None:
            self.spent.kept += 1
            return kept
        if call.image is not None and self._fetch is not None:
            call = structs.replace(call, image=await self._fetch(call.image.url))
        try:
            done = await self._ask(call)
        except CallFailed:
            if call.image is not None:  # its text is asked about in its place; a text itself may do another time
                await self._answers.put(key, FAILED)
            raise
        answer = Answered(done.text, done.input_tokens or 0, done.output_tokens or 0)
        await self._answers.put(key, answer)
        self.spent.calls += 1
        self.spent.input_tokens += answer.input_tokens
        self.spent.output_tokens += answer.output_tokens
        return answer

    def _key(self, call: Call) -> str:
        """Of the prompt, which holds the row's text and the version's, of the model and of the sampling; of an image by
        its URL, so that what is kept costs no fetching."""
        of = [self.model, call.prompt, call.json_schema, call.max_tokens, call.temperature, call.seed]
        of += [call.image.url] if call.image is not None else []
        return blake2b(orjson.dumps(of), digest_size=16).hexdigest()
