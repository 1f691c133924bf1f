"""Pairs: blind, in an order by chance, the doubtful ones first, and counted once two people have said something."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.offline.labels.folder import LabelFolder
from penchant.offline.labels.pairs import TIE, Label, agreed, checked, next_pair, parse_pairs
from penchant.offline.labels.people import progress
from streams.errors import SettingInvalid
from tests.penchant.offline.labels.rows import intent, pairs_of, row, write

PAIRS = pairs_of(parse_pairs([row(0), row(1, "gift"), row(2, flipped=True), row(3, gold="rules")]))


def test_the_order_is_by_chance_and_stays() -> None:
    """About half of all people see the rules first, each the same each time."""
    orders = [PAIRS["0"].seen_by(f"person {number}") for number in range(200)]
    assert 60 < sum(first == "rules" for first, _ in orders) < 140
    assert orders == [PAIRS["0"].seen_by(f"person {number}") for number in range(200)]


@given(st.sampled_from(sorted(PAIRS)), st.text(max_size=8), st.sampled_from(["first", "second", TIE]))
def test_what_a_person_chooses_is_who_stood_there(number: str, who: str, place: str) -> None:
    """Whatever the order was."""
    seen = dict(zip(("first", "second"), PAIRS[number].seen_by(who), strict=True))
    assert checked(PAIRS[number], place, who).winner == seen.get(place, TIE)


def test_doubtful_pairs_come_first_and_none_twice() -> None:
    """Where judge and judge disagree, then where the two do; a pair that one person labelled before one of nobody."""
    said: list[Label] = []
    order = []
    while pair := next_pair(PAIRS, said, "ada"):
        order.append(pair.id)
        said.append(checked(pair, TIE, "ada"))
    assert order == ["2", "1", "0", "3"]
    one = next_pair(PAIRS, [checked(PAIRS["3"], TIE, "bob"), *said[:2]], "eve")
    assert one is not None
    assert one.id == "2"
    last = next_pair(PAIRS, [*said[:2], *(checked(PAIRS[each], TIE, "bob") for each in ("2", "1", "3"))], "eve")
    assert last is not None
    assert last.id == "3"


@given(st.lists(st.tuples(st.sampled_from(sorted(PAIRS)), st.sampled_from("abc"), st.sampled_from(["rules", TIE]))))
def test_what_one_person_says_never_counts(said: list[tuple[str, str, str]]) -> None:
    """Said twice it is said once; two who disagree make a tie."""
    found = agreed(PAIRS, [Label(pair, winner, who) for pair, who, winner in said])
    for pair in PAIRS:
        votes = {who: winner for each, who, winner in said if each == pair}
        assert (pair in found) is (len(votes) >= 2)
        if pair in found:
            rules = sum(vote == "rules" for vote in votes.values())
            assert found[pair] == ("rules" if rules * 2 > len(votes) else TIE)


def test_people_are_held_to_what_is_known_and_to_each_other() -> None:
    """Gold pairs right of gold pairs labelled, and kappa on what two labelled both."""
    said = [
        Label("3", "rules", "ada"),
        Label("0", "model", "ada"),
        Label("3", "model", "bob"),
        Label("0", "model", "bob"),
    ]
    found = progress(PAIRS, said)
    assert (found.pairs, found.decided) == (4, 2)
    assert [(each.who, each.labels, each.gold, each.right) for each in found.labellers] == [
        ("ada", 2, 1, 1), ("bob", 2, 1, 0),
    ]  # fmt: skip
    assert [(each.one, each.other, each.pairs) for each in found.agreements] == [("ada", "bob", 2)]


def test_labels_of_another_eval_do_not_count(tmp_path: Path) -> None:
    """An id that stands for another pair now, or a predictor that is not there; those written by hand do."""
    folder = LabelFolder(write(tmp_path, [row(0), row(1)]))
    pairs = folder.pairs()
    assert folder.labels(pairs) == []
    folder.add([checked(pairs["0"], "first", "ada"), Label("1", "rules", "by hand"), Label("1", "nobody", "x")])
    assert [label.who for label in folder.labels(pairs)] == ["ada", "by hand"]
    again = LabelFolder(write(tmp_path, [row(0, "gift"), row(1)]))
    assert [label.who for label in again.labels(again.pairs())] == ["by hand"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"pair": "1", "shown": "x", "rules": intent()},
        {"pair": "1", "shown": "x", "rules": intent(), "tie": intent()},
        {"pair": "1", "shown": "x", "rules": intent(), "model": "no json"},
        {"pair": "1", "shown": "x", "rules": intent(), "model": intent(stage="asleep")},
        {"shown": "x", "rules": intent(), "model": intent()},
        row(1, gold="somebody"),
        [],
        None,
    ],
)
def test_what_is_no_pair_is_named_by_its_row(wrong: object) -> None:
    """With where pairs come from."""
    with pytest.raises(SettingInvalid, match=r"row 2 is no pair.*\n?.*penchant eval"):
        parse_pairs([row(0), wrong])


@pytest.mark.parametrize("text", [b"no json", b'{"winner": "tie"}', b"[1]", b'{"pair": 1, "winner": 2, "at_ms": "x"}'])
def test_a_file_that_holds_no_labels_is_refused(tmp_path: Path, text: bytes) -> None:
    """Never read as nothing."""
    folder = LabelFolder(write(tmp_path, [row(0)]))
    (tmp_path / "labels.jsonl").write_bytes(text)
    with pytest.raises(SettingInvalid):
        folder.labels(folder.pairs())
