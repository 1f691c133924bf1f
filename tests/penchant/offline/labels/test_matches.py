"""Matches whose reasons people label, beside pairs: blind, by the same rules, and counted apart."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.offline.labels import label_studio
from penchant.offline.labels.folder import LabelFolder, write_pairs
from penchant.offline.labels.matches import RIGHT, UNCLEAR, WRONG, LabelMatch
from penchant.offline.labels.pairs import Label, agreed, checked, next_pair, of_these, parse_pairs
from penchant.offline.labels.people import progress
from streams.errors import SettingInvalid
from tests.penchant.offline.labels.rows import match_row, row

CASES = parse_pairs([row(0), match_row(1), match_row(2, gold="wrong")])


def test_what_people_say_of_reasons() -> None:
    """Right, wrong or unclear; anything else is none, and labels of other reasons do not count."""
    match = CASES["match-1"]
    assert isinstance(match, LabelMatch)
    assert [checked(match, answer, "ada").winner for answer in match.answers] == [RIGHT, WRONG, UNCLEAR]
    with pytest.raises(SettingInvalid, match="says of match-1 nothing"):
        checked(match, "first", "ada")
    said = [checked(match, RIGHT, "ada"), Label("match-1", "rules", "bob"), Label("match-1", RIGHT, "eve", 0, "other")]
    assert [each.who for each in of_these(said, CASES)] == ["ada"]


def test_two_people_decide_and_who_differ_leave_it_unclear() -> None:
    """Everybody gets every case, once."""
    said = [Label("match-1", RIGHT, "ada"), Label("match-1", WRONG, "bob"), Label("match-2", WRONG, "ada")]
    assert agreed(CASES, said) == {"match-1": UNCLEAR}
    said.append(Label("match-2", WRONG, "bob"))
    assert agreed(CASES, said) == {"match-1": UNCLEAR, "match-2": WRONG}
    left = next_pair(CASES, said, "ada")
    assert left is not None
    assert left.id == "0"


def test_agreement_on_pairs_and_on_matches_is_told_apart() -> None:
    """What these are given has nothing in common, and would look like agreement."""
    said = [
        Label(pair, winner, who)
        for who, winners in (("ada", ("rules", RIGHT, WRONG)), ("bob", ("model", RIGHT, WRONG)))
        for pair, winner in zip(CASES, winners, strict=True)
    ]
    found = progress(CASES, said)
    assert [(each.kind, each.pairs, each.kappa) for each in found.agreements] == [("pairs", 1, 0), ("matches", 2, 1)]
    assert found.reasons == {RIGHT: 1, WRONG: 0, UNCLEAR: 0}  # of what is known already nobody is asked
    assert [(each.gold, each.right) for each in found.labellers] == [(1, 1), (1, 1)]
    assert progress(parse_pairs([row(0)]), []).reasons == {}


def test_the_command_counts_and_writes_them_out(tmp_path: Path) -> None:
    """As other labels; Label Studio's tasks are pairs alone."""
    write_pairs(tmp_path, [row(0), match_row(1)])
    folder = LabelFolder(tmp_path)
    folder.add([Label("match-1", RIGHT, who) for who in ("ada", "bob")])
    shown = CliRunner().invoke(app, ["labels", "show", str(tmp_path)]).output
    assert "1 of 2 cases were labelled by two people or more" in shown
    assert "as two people or more say: 1 right, 0 wrong, 0 unclear" in shown
    assert "on 1 matches" in shown
    written = CliRunner().invoke(app, ["labels", "export", str(tmp_path)]).output
    assert written.strip() == '{"pair":"match-1","winner":"right"}'
    assert [each["data"]["pair"] for each in label_studio.tasks(folder.pairs().values())] == ["0"]


@pytest.mark.parametrize("pairs_first", [True, False])
def test_one_folder_holds_pairs_and_matches(tmp_path: Path, *, pairs_first: bool) -> None:
    """Whichever was written first: an eval replaces those of its own kind, and what was said of others counts on."""
    kinds = [[row(0), row(1)], [match_row(1), match_row(2)]]
    for rows in kinds if pairs_first else reversed(kinds):
        write_pairs(tmp_path, rows)
    folder = LabelFolder(tmp_path)
    assert list(folder.pairs()) == ["0", "1", "match-1", "match-2"]
    folder.add([checked(folder.pairs()["0"], "tie", "ada"), checked(folder.pairs()["match-1"], RIGHT, "ada")])
    write_pairs(tmp_path, [match_row(3)])
    assert list(folder.pairs()) == ["0", "1", "match-3"]
    assert [each.pair for each in folder.labels(folder.pairs())] == ["0"]
    write_pairs(tmp_path, [row(2)])
    assert list(folder.pairs()) == ["2", "match-3"]


@pytest.mark.parametrize("wrong", [{"for": [], "against": []}, {"gold": "rules"}, {"for": None}])
def test_a_row_that_is_no_match_is_named(wrong: dict[str, object]) -> None:
    """By its number."""
    with pytest.raises(SettingInvalid, match="2"):
        parse_pairs([row(0), match_row(1, **wrong)])
