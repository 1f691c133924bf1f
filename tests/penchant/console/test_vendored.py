"""What is not ours is as its authors published it, and says so."""

import hashlib
import re
from pathlib import Path

import penchant.console

VENDOR = Path(penchant.console.__file__).parent / "static" / "vendor"
ROW = re.compile(r"^\| (\S+) \| (\S+ \S+) \| .*\((LICENSE[^)]+)\).* \| ([0-9a-f]{64}) \|$", re.MULTILINE)


def test_every_file_has_its_checksum_and_licence() -> None:
    """None is there that the list does not name."""
    rows = ROW.findall((VENDOR / "README.md").read_text(encoding="utf-8"))
    for name, _, licence, checksum in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == checksum, name
        assert (VENDOR / licence).is_file()
    shipped = {path.name for path in VENDOR.iterdir() if not path.name.startswith(("LICENSE", "README"))}
    assert shipped == {name for name, *_ in rows}


def test_pages_ask_nobody_else() -> None:
    """No template, script or style sheet of ours names another host, or holds a script or style of its own."""
    folder = VENDOR.parents[1]
    for path in (*folder.rglob("templates/*.html"), *(folder / "static").glob("*.*")):
        text = path.read_text(encoding="utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "://" not in text, path
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", text), path
