"""The cache: bounded in entries and in seconds, and honest about age."""

from datetime import timedelta

from penchant_reader.cache import Cache
from penchant_reader.intent import ReadIntent


def intent(shopper: str) -> ReadIntent:
    """An intent that is a second old when read."""
    return ReadIntent(shopper, missing=False, as_of_ms=1_000, read_at_ms=2_000, _doc=b'{"a": 1}')


def test_what_was_read_is_kept_for_its_seconds() -> None:
    """And not a moment longer."""
    cache = Cache(10, 5)
    cache.put(intent("ada"), 100)
    assert cache.get("ada", 104.9, 3_000) == intent("ada")
    assert cache.get("ada", 105, 3_000) is None
    assert len(cache) == 0


def test_a_kept_intent_ages() -> None:
    """Its age is counted to when it is taken, not to when it was read."""
    cache = Cache(10, 5)
    cache.put(intent("ada"), 100)
    kept = cache.get("ada", 101, 31_000)
    assert kept
    assert kept.age == timedelta(seconds=30)
    assert kept.stale(29)


def test_the_least_recently_used_leaves() -> None:
    """Never more entries than the bound."""
    cache = Cache(2, 5)
    for name in ("ada", "bob"):
        cache.put(intent(name), 100)
    assert cache.get("ada", 101, 0)
    cache.put(intent("cyd"), 101)
    assert [cache.get(name, 102, 0) is None for name in ("ada", "bob", "cyd")] == [False, True, False]


def test_missing_is_kept_and_failed_is_not() -> None:
    """That nothing is known is an answer; that Redis was away is none."""
    cache = Cache(10, 5)
    cache.put(ReadIntent("gone"), 100)
    cache.put(ReadIntent("failed", failed=True), 100)
    assert cache.get("gone", 101, 0) is not None
    assert cache.get("failed", 101, 0) is None


def test_none_at_all() -> None:
    """Without entries or seconds nothing is kept."""
    for cache in (Cache(0, 5), Cache(5, 0)):
        cache.put(intent("ada"), 100)
        assert cache.get("ada", 100, 0) is None
        assert len(cache) == 0
