"""Plans: the same replay is known again, and another one for what it is."""

from dataclasses import replace
from pathlib import Path

import pytest

from clients.calls import Sampling
from clients.pools.endpoints import Endpoint
from penchant.operations.replay.plan import ReplayPlan, check_held
from penchant.settings.root import Settings
from prompts.budget import PromptRules
from streams.errors import ContractMismatch
from streams.events.privacy import PrivacyRules
from streams.kafka.moments import Moment

PLAN, SETTINGS = ReplayPlan(Moment(offset=0), Moment(), span="earliest to latest"), Settings()
OURS = PLAN.key(SETTINGS)


@pytest.mark.parametrize(
    ("plan", "settings", "what"),
    [
        (PLAN, Settings(prompt=PromptRules(version="v2")), "prompt"),
        (PLAN, Settings(model=Endpoint(url="other:8001")), "model"),
        (PLAN, Settings(model=Endpoint(name="other")), "model"),
        (PLAN, Settings(sampling=Sampling(seed=7)), "profile"),
        (PLAN, Settings(privacy=PrivacyRules(allow=("faith",))), "profile"),
        (replace(PLAN, learned="x"), SETTINGS, "profile"),
        (replace(PLAN, span="2h to latest"), SETTINGS, "range"),
        (replace(PLAN, file=Path("events.csv")), SETTINGS, "range"),
    ],
)
def test_another_replay_is_refused_by_what_differs(plan: ReplayPlan, settings: Settings, what: str) -> None:
    """With the choice: another namespace, or to begin afresh."""
    theirs = plan.key(settings)
    assert {name for name in OURS if OURS[name] != theirs[name]} == {what}
    with pytest.raises(ContractMismatch, match=f"holds another replay: {what} .*not.*\n.*--namespace.*--afresh"):
        check_held("shop-replay", theirs, OURS, is_done=False)


def test_the_same_replay_goes_on_until_it_is_done() -> None:
    """At the same words, though `2h` is another time now; a password in an address is not told."""
    later = replace(PLAN, begin=Moment(time_ms=9), per_server=9, generation=3)
    check_held("shop-replay", later.key(SETTINGS), OURS, is_done=False)
    with pytest.raises(ContractMismatch, match="it is done"):
        check_held("shop-replay", OURS, OURS, is_done=True)
    secret = Settings(model=Endpoint(url="https://user:secret@models.example/v1"))
    assert "secret" not in str(PLAN.key(secret))
