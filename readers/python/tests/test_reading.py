"""Rounds: one intent for each id asked, whatever the ids and the replies are."""

from hypothesis import given
from hypothesis import strategies as st
from readers.python.tests.scripted import hash_of
from redis.exceptions import ConnectionError as RedisAway
from redis.exceptions import TimeoutError as RedisTimeout

from penchant_reader.cache import Cache
from penchant_reader.fields import HOT
from penchant_reader.freshness import Freshness
from penchant_reader.ids import InvalidId, id_text
from penchant_reader.reading import FIRST, Reading, query

HELD = {name: value.encode() for name, value in hash_of().items()}
UNPACKED = {name: value for name, value in HELD.items() if name != "packed"}
HASHES = [
    HELD,
    UNPACKED,
    UNPACKED | {"packed": b"2\tshiny"},
    {},
    dict.fromkeys(HELD, b"soon"),
    HELD | {"packed": b"1\t1"},
]
ERRORS = [RedisTimeout("late"), RedisAway("away"), [], 7]
REPLIES = [
    st.sampled_from([*([held.get(name) for name in names] for held in HASHES), *ERRORS]) for names in (FIRST[HOT], HOT)
]
"""Of the first round trip and of the second, in which the hash may be another one."""

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
        trips = 0
        while call.asks:
            call.take([ask.read(data.draw(REPLIES[ask.again])) for ask in call.asks])
            trips += 1
        intents = call.end()
        assert trips <= 2
        assert [each.shopper for each, asked in zip(intents, ids, strict=True) if taken(asked)] == [
            text for text in map(taken, ids) if text
        ]
        assert all((each.reason == "id") is (taken(asked) is None) for each, asked in zip(intents, ids, strict=True))
        assert all(each.missing is bool(each.reason) for each in intents)
    assert bool(reading.failures) or not any(each.failed for each in intents)
