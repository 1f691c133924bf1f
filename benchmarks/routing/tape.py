"""A tape: the prompts that simulated shoppers' triggers ask for, played to a model at a pace."""

import asyncio
import random
from collections.abc import Sequence
from itertools import islice

from benchmarks.prefixes import Follower, follow
from clients.calls import Call, Completion, ModelClient
from prompts.render import PromptRenderer
from prompts.tokens import estimate
from sandbox.shop.shoppers import ShopperTraffic
from streams.errors import ModelUnavailable
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules

SEED = 5
VERSION = "v1"
WITHIN_S = 60.0

Tape = Sequence[tuple[str, str]]
"""Shopper and prompt, in the order in which they are asked."""


def record(shoppers: int, calls: int) -> Tape:
    """The first so many prompts of so many shoppers."""
    events = (event for _, event in ShopperTraffic(SEED, shoppers).events())
    rules = SessionRules()
    follower = Follower(PromptRenderer(VERSION), estimate, rules, rules.low_rows)
    return list(islice(follow(events, (follower,), TriggerRules()), calls))


async def play(tape: Tape, client: ModelClient, calls_per_second: float, max_tokens: int) -> list[Completion | None]:
    """What came of each, None for nothing in time. Calls begin by chance at that pace, those of one shopper one after
    the other."""
    pace, last = random.Random(SEED), dict[str, asyncio.Task[Completion | None]]()
    tasks = []
    async with asyncio.TaskGroup() as running:
        for number, (shopper, prompt) in enumerate(tape):
            await asyncio.sleep(pace.expovariate(calls_per_second))
            asked = _ask(client, f"tape-{number}", shopper, prompt, max_tokens, last.get(shopper))
            last[shopper] = running.create_task(asked)
            tasks.append(last[shopper])
    return [task.result() for task in tasks]


async def _ask(
    client: ModelClient,
    name: str,
    shopper: str,
    prompt: str,
    max_tokens: int,
    before: asyncio.Task[Completion | None] | None,
) -> Completion | None:
    if before is not None:
        await before
    deadline_s = asyncio.get_running_loop().time() + WITHIN_S
    call = Call(name, prompt, deadline_s, max_tokens, shopper=shopper, prompt_version=VERSION)
    try:
        return await client.complete(call)
    except ModelUnavailable:
        return None
