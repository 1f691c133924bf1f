"""Options that several commands share."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app


@pytest.mark.parametrize("command", [("whatif", "--html"), ("tune", "--html"), ("tune", "--engine"),
                                     ("products", "propose", "--out")])  # fmt: skip
def test_a_file_in_no_folder_is_told_before_any_work(command: tuple[str, ...], tmp_path: Path) -> None:
    """With what to do; the work was lost when it was told at the end."""
    told = CliRunner().invoke(app, [*command, str(tmp_path / "none" / "out")])
    assert told.exit_code == 2
    assert "make it first" in " ".join(told.output.replace("\u2502", " ").split())
