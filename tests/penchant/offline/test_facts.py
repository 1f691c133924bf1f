"""Facts: every report says on what, with what and at which commit it was made."""

import platform

from penchant import __version__
from penchant.offline.facts import facts


def test_a_report_begins_with_its_circumstances() -> None:
    """Without them a figure says nothing."""
    told = facts("trial", quick=True)
    assert told["bench"] == "trial"
    assert told["quick"] is True
    assert told["machine"]["cores"] >= 1
    assert told["machine"]["processor"]
    assert told["versions"]["penchant"] == __version__
    assert told["versions"]["python"] == platform.python_version()
    assert "faust-streaming" in told["versions"]
    assert told["commit"]
