"""The tokens file: its form, and what becomes of a change."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.front.tokens import TokenFile, digest, parse
from streams.errors import SettingInvalid


@pytest.mark.parametrize(
    "line",
    [
        "vera viewer",
        "vera viewer secret-in-plain",
        f"vera boss {digest('t')}",
        f"vera viewer,boss {digest('t')}",
        f"vera viewer {digest('t')} more",
    ],
)
def test_a_wrong_line_is_named_and_not_shown(line: str) -> None:
    """By its number and with the form; what stands there may be a token."""
    with pytest.raises(SettingInvalid, match=r"line 2 of tokens") as refused:
        parse(f"# people\n{line}\n", "tokens")
    assert line not in str(refused.value)
    assert "sha256sum" in str(refused.value)


@given(st.text())
def test_any_text_is_people_or_refused(text: str) -> None:
    """Nothing else is raised."""
    try:
        people = parse(text, "tokens")
    except SettingInvalid:
        return
    assert all(person.roles and len(token) == 64 for token, person in people.items())


def test_a_change_counts_and_a_mistake_does_not(tmp_path: Path) -> None:
    """A token that is taken out no longer serves; while the file is wrong or away the last good one counts."""
    now_s = 0.0
    path = tmp_path / "tokens"
    path.write_text(f"vera viewer {digest('a')}\n")
    tokens = TokenFile(path, lambda: now_s)
    assert tokens.person("a") is not None
    for text, known in ((f"otto operator {digest('bb')}\n\n", "bb"), ("half a li", "bb")):
        path.write_text(text)
        now_s += 2.0
        assert tokens.person("a") is None
        assert tokens.person(known) is not None
    path.unlink()
    now_s += 2.0
    assert tokens.person("bb") is not None


def test_the_first_file_must_be_good(tmp_path: Path) -> None:
    """Else nobody could come in, or everybody were taken for nobody."""
    (tmp_path / "tokens").write_bytes(b"\xff")
    for path in (tmp_path / "absent", tmp_path / "tokens"):
        with pytest.raises(SettingInvalid, match=r"http\.tokens_file"):
            TokenFile(path)
