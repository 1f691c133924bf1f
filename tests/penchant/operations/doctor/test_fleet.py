"""Fleet: a prompt that operators have pinned is one of these settings', or doctor says so."""

import pytest

from agents.fleet.switches import Switches, SwitchValue
from penchant.operations.doctor.findings import ERROR, INFO
from penchant.operations.doctor.fleet import examine, judge, judge_name
from penchant.settings.root import Settings
from sandbox.servers.redis import RedisServer
from storage.activity import Activity
from storage.instances import Holder
from storage.keys import Keys
from storage.redis_fleet import RedisFleet

pytestmark = pytest.mark.redis


@pytest.mark.parametrize(("version", "severity"), [("v1", INFO), ("v99", ERROR)])
def test_a_pinned_prompt(version: str, severity: int) -> None:
    """Who pinned it stands there."""
    switches = Switches({"prompt_version": SwitchValue(version, "ada", 1, "a release")})
    [finding] = judge(switches, Settings())
    assert finding.severity == severity
    assert f"{version} is pinned by ada: a release" in finding.found


async def test_what_stands_in_redis_is_looked_at(redis_server: RedisServer) -> None:
    """Nothing pinned: the settings' own; then a version that these settings do not know."""
    settings = Settings.model_validate({"redis": {"url": redis_server.url, "namespace": "doctor-fleet"}})
    [finding] = await examine(settings)
    assert (finding.severity, settings.prompt.version in finding.found) == (INFO, True)
    redis = settings.redis.connect(connections=1)
    try:
        fleet = RedisFleet(redis, Keys("doctor-fleet"), 5.0)
        pinned = SwitchValue("v99", "ada", 1).dump()
        await fleet.throw("prompt_version", pinned, Activity("switch", "prompt_version", "v99", "ada"))
    finally:
        await redis.aclose()
    [finding] = await examine(settings)
    assert finding.severity == ERROR


def test_a_name_that_two_workers_want_is_found() -> None:
    """An error while one was refused it lately; else it is said who has it, or nothing."""
    [refused] = judge_name("worker-0", Holder("ann", "bob"))
    assert (refused.severity, "ann" in refused.found, "bob" in refused.found) == (ERROR, True, True)
    [held] = judge_name("worker-0", Holder("ann", None))
    assert held.severity == INFO
    assert not list(judge_name("worker-0", Holder(None, "bob")))
