"""Join: nothing that came after a request is joined to it."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from penchant.offline.export.join import COLUMNS, History, columns, joined
from streams.records.history import Readable
from streams.sessions.positions import Position
from tests.storage.sides import intent

times = st.integers(0, 100)
SHOPPERS = ("ada", "bob")


def readable(shopper: str, at_ms: int, lives_ms: int, offset: int) -> Readable:
    made = structs.replace(intent(shopper, Position(0, offset)), written_at_ms=at_ms)
    return Readable(made, at_ms, at_ms + lives_ms)


records = st.lists(st.tuples(st.sampled_from(SHOPPERS), times, st.integers(1, 50), st.booleans()), max_size=12)


@given(records, st.lists(st.tuples(st.sampled_from(SHOPPERS), times), max_size=8))
def test_it_is_what_a_reader_would_have_got(
    told: list[tuple[str, int, int, bool]], asked: list[tuple[str, int]]
) -> None:
    """Against a model that plays all records up to the request, in whatever order they were told."""
    history = History(SHOPPERS)
    kept = [
        (shopper, at_ms, None if erased else readable(shopper, at_ms, lives_ms, number))
        for number, (shopper, at_ms, lives_ms, erased) in enumerate(told)
    ]
    for record in kept:
        history.add(*record)
    for shopper, at_ms in asked:
        earlier = [record for record in kept if record[0] == shopper and record[1] <= at_ms]
        last = max(earlier, key=lambda record: record[1])[2] if earlier else None
        expected = last if last is not None and at_ms < last.expires_at_ms else None
        found = history.at(shopper, at_ms)
        same_moment = [record[2] for record in earlier if record[1] == max(each[1] for each in earlier)]
        assert found == expected or len(same_moment) > 1
        if found is not None:
            assert found.readable_at_ms <= at_ms < found.expires_at_ms


def test_a_request_keeps_its_columns_and_gets_all_of_ours() -> None:
    """Also where nothing was readable."""
    history = History(["ada"])
    history.add("ada", 9_500, readable("ada", 9_500, 1_000, 5))
    rows = joined(
        [{"who": "ada", "at": 9_600, "clicked": 1}, {"who": "ada", "at": 9_400}, {"who": "eve", "at": 9_600}],
        history, "who", "at",
    )  # fmt: skip
    assert [row["penchant_missing"] for row in rows] == [False, True, True]
    assert (rows[0]["clicked"], rows[0]["penchant_age_ms"], rows[0]["penchant_category"]) == (1, 600, "home/kettles")
    assert all(set(COLUMNS) <= set(row) for row in rows)


def test_an_erased_shopper_has_none() -> None:
    """From the erasure on."""
    history = History(["ada"])
    history.add("ada", 9_500, readable("ada", 9_500, 1_000, 5))
    history.add("ada", 9_700, None)
    assert [history.at("ada", at_ms) is None for at_ms in (9_699, 9_700)] == [False, True]
    assert columns(None, 0)["penchant_stage"] is None
