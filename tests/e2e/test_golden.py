"""A worker that asks its model servers the golden prompt, though no shopper does anything."""

import orjson
import pytest

from penchant.worker.app import worker
from tests.e2e.conftest import MakeSettings
from tests.e2e.shop import until
from tests.fakes.canned_server import answer, canned
from tests.kafka import Kafka

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.slow]

MODEL = {
    "data": [{"id": "tiny", "owned_by": "vllm"}],
    "choices": [{"message": {"content": '{"m":"gift","c":[[1,9]],"k":9,"e":[1]}'}, "finish_reason": "stop"}],
}


async def test_each_server_is_asked_beside_all_else(kafka: Kafka, make_settings: MakeSettings) -> None:
    """Again and again, with no intent to come of it; the worker goes on, and ends in order."""
    heads: list[bytes] = []
    said = answer(200, orjson.dumps(MODEL), {b"Content-Type": b"application/json"})
    async with canned(said, heads) as model:
        routing = {"golden_every_s": 0.2}
        settings = make_settings(kafka, await kafka.topic(1), f"{model}/v1", routing=routing)
        async with worker(settings) as running:

            async def asked() -> bool:
                return sum(head.startswith(b"POST") for head in heads) >= 3

            await until(asked)
            assert (running.meter.calls, running.meter.intents) == (0, 0)
            assert [each.outlier_detector.differing for each in running.pools.replicas] == [0]
