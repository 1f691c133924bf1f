"""Rounds: one intent for each id asked, whatever the ids and the replies are."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from readers.python.tests.scripted import hash_of
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisTimeout

from penchant_reader.cache import Cache
from penchant_reader.fields import HOT
from penchant_reader.freshness import Freshness
from penchant_reader.ids import InvalidId, id_text
from penchant_reader.reading import Reading, query

VALUES = [hash_of().get(name) for name in HOT]
HELD = [None if value is None else value.encode() for value in VALUES]
REPLIES = st.sampled_from(
    [HELD, [None] * len(HOT), [b"soon"] * len(HOT), RedisTimeout("late"), RedisAway("away"), [], 7]
)
IDS = st.one_of(
    st.text(max_size=3), st.text(st.characters(codec=None), max_size=2), st.integers(0, 9), st.binary(max_size=2),
    st.none(), st.booleans(), st.floats(),
)  # fmt: skip


def taken(given: object) -> str | None:
    """The id's text, None for what is no id."""
    try:
        return id_text(given)
    except InvalidId:
        return None


@given(st.lists(IDS, max_size=12), st.data(), st.sampled_from([0, 3]))
def test_each_id_has_its_intent_in_its_place(ids: list[object], data: st.DataObject, cached: int) -> None:
    """Also twice the same, those from the cache, and those whose replies are nonsense; failures are counted."""
    reading = Reading("penchant", Cache(cached, 600), Freshness(), strict=False)
    for _ in range(2):
        call = reading.begin(ids, query(HOT, "", purpose_strict=False))
        replies: list[Any] = [ask.read(data.draw(REPLIES)) for ask in call.asks]
        intents = call.end(replies)
        assert [each.shopper for each, asked in zip(intents, ids, strict=True) if taken(asked)] == [
            text for text in map(taken, ids) if text
        ]
        assert all((each.reason == "id") is (taken(asked) is None) for each, asked in zip(intents, ids, strict=True))
        assert all(each.missing is bool(each.reason) for each in intents)
    assert bool(reading.failures) or not any(each.failed for each in intents)
