"""The heartbeat: what a worker tells of its model servers' failures, bounded however many fail."""

import time

import orjson

from agents.health.probes import Health
from agents.worker.instruments import Instruments
from clients.pools.client import PooledClient
from clients.pools.endpoints import Endpoint, Pool
from clients.pools.replicas import Failure
from penchant.settings.root import Settings
from penchant.worker.heartbeat import MOST_ERRORS, SHOWN, heartbeat_of
from tests.fakes.model import ScriptedModel


def test_the_latest_failures_are_told_cut_short() -> None:
    """Of a few servers, those that failed last; before anything failed, none."""
    endpoints = tuple(Endpoint(url=f"gpu-{number}:1") for number in range(9))
    pools = PooledClient([Pool("own", endpoints)], lambda _: ScriptedModel())
    instruments = Instruments(Health(60), replicas=lambda: pools.replicas)
    assert heartbeat_of(Settings(), instruments, pools)["errors"] == {}
    now_s = time.monotonic()
    for number, replica in enumerate(pools.replicas):
        replica.last_failure = Failure(now_s - number, "no answer, " * 50)
    told = orjson.loads(orjson.dumps(heartbeat_of(Settings(), instruments, pools)))["errors"]
    assert list(told) == [f"gpu-{number}:1" for number in range(MOST_ERRORS)]
    assert [round(age_s) for age_s, _ in told.values()] == list(range(MOST_ERRORS))
    assert {len(why) for _, why in told.values()} == {SHOWN}
