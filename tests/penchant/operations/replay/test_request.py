"""Requests: what a person asks for becomes a plan, and a command that asks for the same."""

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.operations.replay.request import ReplayRequest
from penchant.settings.root import Settings
from streams.errors import SettingInvalid
from streams.kafka.moments import Moment

NOW_MS = 1_795_930_000_000
SETTINGS = Settings.model_validate({"redis": {"namespace": "shop"}})


def test_what_is_left_out_is_what_the_command_says() -> None:
    """A namespace of its own beside the live one, and all of the topic."""
    plan = ReplayRequest().plan(SETTINGS, NOW_MS)
    assert (plan.namespace, plan.begin, plan.end, plan.generation) == ("shop-replay", Moment(offset=0), Moment(), 0)
    live = ReplayRequest("2h", live=True).plan(SETTINGS, NOW_MS)
    assert (live.namespace, live.generation) == (None, NOW_MS // 1_000)
    assert live.begin.time_ms == NOW_MS - 7_200_000


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (ReplayRequest(live=True, namespace="other"), "--live"),
        (ReplayRequest(live=True, events=Path("x.csv")), "--live"),
        (ReplayRequest(namespace="shop"), "--namespace"),
        (ReplayRequest("yesterday"), "yesterday"),
    ],
)
def test_what_does_not_go_together_names_the_option(asked: ReplayRequest, says: str) -> None:
    """With the remedy."""
    with pytest.raises(SettingInvalid, match=says):
        asked.plan(SETTINGS, NOW_MS)


def test_a_prompt_that_is_not_there_is_refused() -> None:
    """Before anything is read."""
    with pytest.raises(SettingInvalid, match="no-such"):
        ReplayRequest(prompt_version="no-such").settings(SETTINGS)
    assert ReplayRequest(prompt_version="v2").settings(SETTINGS).prompt.version == "v2"


@pytest.mark.parametrize(
    "asked",
    [
        ReplayRequest(),
        ReplayRequest("2h", "@15", "a b", prompt_version="v2", per_server=9, afresh=True),
        ReplayRequest("24h", live=True, generation=7),
    ],
)
def test_the_command_that_is_shown_asks_for_the_same(asked: ReplayRequest) -> None:
    """Each of its words is one that the command takes."""
    words = shlex.split(asked.command())
    assert words[:4] == ["penchant", "replay", "--from", asked.begin]
    text = " ".join(CliRunner().invoke(app, ["replay", "--help"], env={"COLUMNS": "200"}).output.split())
    assert [word for word in words if word.startswith("--") and word not in text] == []
