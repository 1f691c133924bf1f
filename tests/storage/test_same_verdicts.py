"""The store in memory and the one in Redis agree on every sequence of writes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from streams.records.erasures import Erasure
from tests.storage.sides import DAY_MS, MemorySide, RedisSide, Side, write

SHOPPERS = ("ada", "bob")
few = st.integers(0, 3)
lives = st.sampled_from([-DAY_MS, DAY_MS])


@dataclass(frozen=True, slots=True)
class LoseContext:
    """A context that goes before its intent."""

    shopper: str


writes = st.builds(
    write,
    st.sampled_from(SHOPPERS),
    st.tuples(st.integers(0, 1), few, st.integers(0, 1)),
    partition=st.integers(0, 1),
    owner=st.sampled_from(["w1:1", "w2:1"]),
    erasure=st.sampled_from([0, 0, 0, 1, 2]),
    session=st.binary(max_size=8),
    lives_ms=lives,
    intent_lives_ms=st.none() | lives,
    source=st.sampled_from(["model", "rules"]),
    base=st.sampled_from([-1, -1, 0, 1, 2]),
    base_owed=st.booleans(),
    owed=st.booleans(),
)
erasures = st.builds(Erasure, st.sampled_from(SHOPPERS), st.integers(1, 2), st.integers(0, 1), st.tuples(few, few))
others = erasures | st.builds(LoseContext, st.sampled_from(SHOPPERS))
calls = st.lists(writes, min_size=1, max_size=4)


@pytest.mark.redis
@settings(max_examples=300, deadline=None)
@given(steps=st.lists(calls | calls | others, max_size=12))
async def test_both_stores_agree(client: Redis, namespaces: Iterator[str], steps: list[object]) -> None:
    """After each step of any sequence, verdicts, contexts and intents are the same on both sides."""
    memory, redis = MemorySide(), RedisSide(client, next(namespaces))
    for step in steps:
        assert await take(memory, step) == await take(redis, step)


async def take(side: Side, step: object) -> object:
    """Take one step and return all there is to see."""
    verdicts: object = None
    match step:
        case Erasure():
            await side.erase(step)
        case LoseContext(shopper):
            await side.lose_context(shopper)
        case list():
            verdicts = await side.store.write(step)
    return verdicts, await side.store.load(SHOPPERS), [await side.intent_hash(shopper) for shopper in SHOPPERS]
