"""Kept answers: bounded in number, bytes and age, and never from before an erasure."""

from collections.abc import Iterator

import pytest

from storage.answers import KeptAnswer, RedisAnswers
from storage.connection import Client
from storage.erasures import RedisErasures, Removed
from storage.keys import Keys
from streams.records.erasures import Erasure

pytestmark = pytest.mark.redis

AT_MS = 4_102_444_800_000
SAID = KeptAnswer(AT_MS, "0:1:0", "qwen3", "triton-1", "v2", "x/a", '{"m":"gift"}', ("category",), empty=True)


@pytest.fixture
def keys(namespaces: Iterator[str]) -> Keys:
    """Of nobody else."""
    return Keys(next(namespaces))


def said(number: int) -> KeptAnswer:
    return KeptAnswer(AT_MS + number * 1_000, f"0:{number}:0", "m", "r", "v1", "", str(number))


async def test_the_newest_stay_for_their_time(client: Client, keys: Keys) -> None:
    """So many of a shopper, none older than that, and the key goes by itself. Others keep theirs."""
    answers = RedisAnswers(client, keys, 5.0)
    assert await answers.keep("ben", 0, SAID, 3, 60.0)
    for number in range(5):
        assert await answers.keep("ada", 0, said(number), 3, 60.0)
    assert [each.text for each in await answers.read("ada")] == ["4", "3", "2"]
    assert 0 < await client.pttl(keys.answers("ada")) <= AT_MS + 64_000
    await answers.keep("ada", 0, said(63), 3, 60.0)
    assert [each.text for each in await answers.read("ada")] == ["63", "4", "3"]
    await answers.keep("ada", 0, said(200), 3, 60.0)
    assert [each.text for each in await answers.read("ada")] == ["200"]
    assert await answers.read("ben") == [SAID]
    assert await answers.read("cleo") == []


async def test_an_erasure_takes_them_and_lets_no_earlier_one_come(client: Client, keys: Keys) -> None:
    """In each namespace; an answer to a session from before is not kept, one from after is. Who opted out has none."""
    answers, erasures = RedisAnswers(client, keys, 5.0), RedisErasures(client, keys, 5.0)
    await answers.keep("ada", 0, SAID, 3, 60.0)
    assert await erasures.erase([Erasure("ada", 7, 0, (1,))]) == [{keys.namespace: Removed(answers=1)}]
    assert not await answers.keep("ada", 0, SAID, 3, 60.0)
    assert await answers.read("ada") == []
    assert await answers.keep("ada", 7, SAID, 3, 60.0)
    await erasures.erase([Erasure("ada", 8, 0, (1,), opted_out=True)])
    assert not await answers.keep("ada", 8, SAID, 3, 60.0)
    assert await answers.read("ada") == []


async def test_what_is_none_costs_no_others(client: Client, keys: Keys) -> None:
    """Neither an entry that cannot be read, nor a key of another type."""
    answers = RedisAnswers(client, keys, 5.0)
    await answers.keep("ada", 0, SAID, 9, 60.0)
    await client.zadd(keys.answers("ada"), {"no JSON": 1, "{}": 2, '{"removed": [], "later": 1}': AT_MS + 1})
    assert await answers.read("ada") == [SAID]
    await client.set(keys.answers("ben"), "text")
    assert await answers.keep("ben", 0, SAID, 9, 60.0)
    assert await answers.read("ben") == [SAID]
