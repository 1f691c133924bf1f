"""Use cases: what a model is asked for, each with pools, limits and a budget of its own, and counted by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import structs
from pydantic import Field

from clients.calls import Call, Class, Completion, ModelClient, Sampling, Temperature
from clients.limits.hourly_budget import HourlyBudget
from prompts.tokens import Count, estimate
from streams.errors import CallTooLong, ModelOverloaded
from streams.section import Name, Seconds, Serial, Tokens, Words, section

Names = Annotated[tuple[Name, ...], Words]


@section
class UseCase:
    """One use case. What is not said is as everywhere else."""

    pools: Names = ()
    """The pools that serve it, in this order. A pool that only other use cases name makes no intents. Empty: those of
    intents."""
    model: Name | None = None
    """The model's name on those servers."""
    traffic_class: Class | None = None
    """Whose calls go first: realtime, live, replay, batch, in this order."""
    deadline_s: Seconds | None = None
    """The longest that a call takes."""
    max_input_tokens: Tokens | None = None
    """The longest prompt."""
    max_tokens: Tokens | None = None
    """The longest answer."""
    temperature: Temperature | None = None
    """How freely the model chooses its words."""
    seed: Serial | None = None
    """Where the model's own dice start."""
    budget_tokens_per_hour: Annotated[int, Field(ge=1)] | None = None
    """Tokens, of prompts and answers, that it may spend in any hour, in each process."""

    def sampling(self, usual: Sampling) -> Sampling:
        """How the model is to answer, where `usual` is what is usual."""
        return Sampling(
            usual.max_tokens if self.max_tokens is None else self.max_tokens,
            usual.temperature if self.temperature is None else self.temperature,
            usual.seed if self.seed is None else self.seed,
        )


@dataclass(slots=True)
class Usage:
    """What a use case came to, in this process. `refused`: calls that were not made, for length or budget."""

    calls: int = 0
    failed: int = 0
    refused: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0


class UseCaseClient:
    """A ModelClient that makes each call as its use case says, and counts it."""

    def __init__(self, name: str, rules: UseCase, client: ModelClient, count: Count = estimate) -> None:
        self.name, self.rules, self.usage = name, rules, Usage()
        self._client, self._count = client, count
        self._budget = HourlyBudget(rules.budget_tokens_per_hour)

    async def complete(self, call: Call) -> Completion:
        """Raises as the port says; CallTooLong, and ModelOverloaded while the budget is spent."""
        now: Callable[[], float] = asyncio.get_running_loop().time
        began_s = now()
        self._check(call, began_s)
        self.usage.calls += 1
        try:
            done = await self._client.complete(self._as_said(call, began_s))
        except Exception:
            self.usage.failed += 1
            raise
        finally:
            self.usage.seconds += now() - began_s
        self._take(done, now())
        return done

    async def budgeted(self) -> None:
        """Wait until the budget has room."""
        while wait_s := self._budget.wait_s(asyncio.get_running_loop().time()):  # noqa: ASYNC110 # time frees it
            await asyncio.sleep(wait_s)

    async def probe(self) -> str:
        """As the servers say."""
        return await self._client.probe()

    async def close(self) -> None:
        """Close the connections. Again is harmless."""
        await self._client.close()

    def _check(self, call: Call, now_s: float) -> None:
        most = self.rules.max_input_tokens
        if most is not None and (tokens := self._count(call.prompt)) > most:
            self.usage.refused += 1
            raise CallTooLong(
                f"a prompt of about {tokens:,} tokens; use_cases.{self.name}.max_input_tokens is {most:,}"
            )
        if wait_s := self._budget.wait_s(now_s):
            self.usage.refused += 1
            raise ModelOverloaded(f"use_cases.{self.name}.budget_tokens_per_hour is spent", wait_s)

    def _as_said(self, call: Call, now_s: float) -> Call:
        rules = self.rules
        if rules.traffic_class is not None:
            call = structs.replace(call, traffic_class=rules.traffic_class)
        if rules.deadline_s is not None:
            call = structs.replace(call, deadline_s=min(call.deadline_s, now_s + rules.deadline_s))
        if rules.max_tokens is not None:
            call = structs.replace(call, max_tokens=min(call.max_tokens, rules.max_tokens))
        return call

    def _take(self, done: Completion, now_s: float) -> None:
        usage, tokens = self.usage, (done.input_tokens or 0) + (done.output_tokens or 0)
        usage.input_tokens += done.input_tokens or 0
        usage.cached_tokens += done.cached_tokens or 0
        usage.output_tokens += done.output_tokens or 0
        self._budget.spend(now_s, tokens)
