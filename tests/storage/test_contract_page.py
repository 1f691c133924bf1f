"""docs/redis-contract.md says what is in Redis."""

import re
from pathlib import Path
from typing import get_args

import pytest

from storage.contexts import FIELDS
from storage.keys import Keys
from streams.records.cards import Card
from streams.records.intents import Source, Stage
from tests.storage.sides import RedisSide, write

PAGE = (Path(__file__).parents[2] / "docs" / "redis-contract.md").read_text(encoding="utf-8")
INTENT_PART, _, REST = PAGE.partition("## The card of a product")
CARD_PART, _, OWN_PART = REST.partition("## The service's own keys")


@pytest.mark.redis
async def test_the_page_lists_the_fields_of_the_intent(redis_side: RedisSide) -> None:
    """All that the writer writes, and those which stand there only where there is something to say."""
    await redis_side.store.write([write("ada")])
    listed = re.findall(r"^\| `(\w+)` \|", INTENT_PART, re.MULTILINE)
    assert sorted(listed) == sorted({*await redis_side.intent_hash("ada"), "purposes", "next_categories"})


def test_the_page_lists_what_a_card_says() -> None:
    """All of its names."""
    assert all(f"`{name}`" in CARD_PART for name in Card.model_fields)


@pytest.mark.redis
async def test_the_page_lists_the_fields_of_the_context(redis_side: RedisSide) -> None:
    """As the script writes them and the loader expects them."""
    await redis_side.store.write([write("ada")])
    held = await redis_side.client.hkeys(redis_side.keys.context("ada"))
    assert sorted(held) == sorted(name.encode() for name in FIELDS)
    assert all(f"`{name}`" in OWN_PART for name in FIELDS)


def test_the_page_names_the_keys() -> None:
    """Each of them, in the default namespace."""
    keys = Keys()
    for key in (
        keys.intent("<shopper>"),
        keys.context("<shopper>"),
        keys.erasure("<shopper>"),
        keys.answers("<shopper>"),
        keys.knowledge("<product>"),
        keys.card("<product>"),
        keys.control,
        keys.erasures("<tag>"),
        keys.places,
        keys.forgetting("<request>"),
        keys.nonce,
        keys.totals,
        keys.shelf,
        keys.learned,
        keys.snapshot("<name>"),
    ):
        assert f"`{key}`" in PAGE
    assert "`penchant:owed:{<partition>}`" in PAGE


@pytest.mark.parametrize("choices", [Stage, Source])
def test_the_page_lists_every_choice(choices: object) -> None:
    """A ranker that switches on them misses none."""
    assert all(f"`{choice}`" in INTENT_PART for choice in get_args(choices))
