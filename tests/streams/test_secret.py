"""Secrets from files: read again when they change, never lost to a bad one."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.errors import SettingInvalid
from streams.secret import FileMarks, Secret


def test_a_file_that_is_written_anew_is_read_again(tmp_path: Path) -> None:
    """The next question is answered by what stands there now, without the end of the line."""
    path = tmp_path / "password"
    path.write_text("old\n")
    secret = Secret("x", None, path)
    assert secret.text() == "old"
    path.write_text("newer\n")
    assert secret.text() == "newer"


def test_a_mounted_secret_is_swapped_by_its_link(tmp_path: Path) -> None:
    """As Kubernetes does: the path stays, and leads to another folder."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "password").write_text(name)
    (tmp_path / "now").symlink_to("one")
    secret = Secret("x", None, tmp_path / "now" / "password")
    assert secret.text() == "one"
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(tmp_path / "now")
    assert secret.text() == "two"


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text(" \n"), lambda path: path.write_text("a b")]
)
def test_a_file_that_is_spoilt_leaves_the_last_good_value(tmp_path: Path, spoil: object) -> None:
    """Gone, empty, or with what may not be used."""
    path = tmp_path / "password"
    path.write_text("good")
    secret = Secret("x", None, path, one_word)
    assert secret.text() == "good"
    spoil(path)  # type: ignore[operator] # each takes a path
    assert secret.text() == "good"


def one_word(text: str) -> str:
    if " " in text:
        raise ValueError("two words")
    return text


@pytest.mark.parametrize("text", ["", "two words", None])
def test_a_file_that_never_held_one_is_an_error(tmp_path: Path, text: str | None) -> None:
    """It names the setting and the file, and shows nothing of what it holds."""
    path = tmp_path / "password"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingInvalid, match=r"^kafka\.it_file: .*password: ") as caught:
        Secret("kafka.it", None, path, one_word).text()
    assert "two words" not in str(caught.value)


def test_by_value() -> None:
    """A value is what it is, and is not shown; nothing is None."""
    secret = Secret("x", SecretStr("s3cret"), None)
    assert (secret.text(), "s3cret" in repr(secret)) == ("s3cret", False)
    assert Secret("x", None, None).text() is None


def test_marks_of_no_files() -> None:
    """Nothing to watch never changes."""
    assert not FileMarks(None).changed()


def test_marks_notice_a_change_of_time_alone(tmp_path: Path) -> None:
    """A file of the same length that was written later is another one."""
    path = tmp_path / "key"
    path.write_text("a")
    marks = FileMarks(path)
    marks.seen()
    assert not marks.changed()
    os.utime(path, ns=(1, 1))
    assert marks.changed()
