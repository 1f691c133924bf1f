"""Label Studio: its tasks tell nobody whose intent is whose, and its export comes back as labels."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from penchant.cli.labels import labels as commands
from penchant.offline.eval.run import labels as of_eval
from penchant.offline.labels import label_studio
from penchant.offline.labels.pairs import parse_pairs
from streams.errors import SettingInvalid
from tests.penchant.offline.labels.rows import pairs_of, row, write

ROWS = [row(0), row(1, "gift")]
PAIRS = pairs_of(parse_pairs(ROWS))


def done(task: Mapping[str, Any], choice: str, by: Any = 1, **more: Any) -> dict[str, Any]:
    """A task as a project exports it once somebody chose."""
    value = {"from_name": "winner", "to_name": "shown", "type": "choices", "value": {"choices": [choice]}}
    return {"id": 7, **task, "annotations": [{"id": 1, "completed_by": by, "result": [value], **more}]}


def test_tasks_fit_the_interface_and_name_no_predictor() -> None:
    """Each value that the interface shows is there."""
    wanted = set(re.findall(r'<Text name="\w+" value="\$(\w+)"', label_studio.CONFIG))
    for task in label_studio.tasks(PAIRS.values()):
        assert wanted <= task["data"].keys()
        assert not {"rules", "model"} & task["data"].keys()
        assert task["data"]["first"].startswith("Compares products")


def test_what_was_chosen_there_comes_back() -> None:
    """Under who chose it, by number or address; what was skipped does not."""
    first, second = label_studio.tasks(PAIRS.values())
    export = [
        done(first, "first", {"id": 3, "email": "eve@shop.example"}),
        done(second, "tie"),
        done(first, "tie", was_cancelled=True),
    ]
    one, other = label_studio.imported(export, PAIRS)
    assert (one.winner, one.who) == (PAIRS["0"].seen_by(label_studio.SEEN)[0], "label-studio:eve@shop.example")
    assert (other.pair, other.winner, other.who) == ("1", "tie", "label-studio:1")


@pytest.mark.parametrize(
    "export",
    [{}, [1], [{"data": {}}], [done({"data": {"pair": "9"}}, "tie")], [done({"data": {"pair": "0"}}, "third")],
     [{"data": {"pair": "0"}, "annotations": [{}]}]],
)  # fmt: skip
def test_what_is_no_export_of_these_pairs_is_refused(export: Any) -> None:
    """Rather than half of it taken."""
    with pytest.raises(SettingInvalid):
        label_studio.imported(export, PAIRS)


def test_the_command_takes_an_export_in_and_writes_what_eval_reads(tmp_path: Path) -> None:
    """Two people's labels, from Label Studio, to the file that --labels is given."""
    folder, export = str(write(tmp_path, ROWS)), tmp_path / "export.json"
    tasks = orjson.loads(said("export", folder, "--to", "label-studio"))
    for number in (1, 2):
        export.write_bytes(orjson.dumps([done(task, "tie", number) for task in tasks]))
        assert "2 labels were added" in said("import", folder, str(export))
    report = orjson.loads(said("show", folder, "--json"))
    assert (report["decided"], report["agreements"][0]["pairs"]) == (2, 2)
    assert "2 of 2 cases" in said("show", folder)
    (tmp_path / "agreed.jsonl").write_text(said("export", folder))
    assert of_eval(tmp_path / "agreed.jsonl") == {"0": "tie", "1": "tie"}


def said(*arguments: str) -> str:
    """What the command writes."""
    ended = CliRunner().invoke(commands, arguments)
    assert ended.exit_code == 0, ended.output
    return ended.output
