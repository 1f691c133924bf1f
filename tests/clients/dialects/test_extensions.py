"""Dynamo's extensions: what it is asked for a call, and what it tells of one."""

from collections.abc import Mapping
from typing import Any, get_args

import orjson
import pytest

from clients.calls import Call, Class
from clients.dialects import extensions, requests
from clients.dialects.completions import Reading
from clients.dialects.sent_fields import sent_fields
from clients.dialects.servers import SERVERS
from streams.errors import ModelUnavailable

CLASSES: tuple[Class, ...] = get_args(Class)
# As NVIDIA Dynamo 1.6.1 sent them before its mocker.
IDS = {"prefill_worker_id": 12370357150832487669, "prefill_dp_rank": 0, "decode_worker_id": 12370357150832487669}
TIMING = {"prefill_wait_time_ms": 16.79, "prefill_time_ms": 20.29, "ttft_ms": 37.09, "kv_hit_rate": 0.0}
QUEUED = TIMING | {"kv_hit_rate": 0.75, "router_queue_depth": 3}
"""As a router that holds calls back does (lib/llm/src/protocols/common/timing.rs of ai-dynamo/dynamo)."""


def sent(call: Call) -> Any:
    """The extensions of its request."""
    server = SERVERS["dynamo"]
    return orjson.loads(requests.body(call, "m", "chat", server, sent_fields(server.guide, "auto")))["nvext"]


def test_it_is_told_how_long_the_answer_will_be_and_whose_it_is() -> None:
    """Its router counts the blocks of answers to come, and puts live calls before those of a replay."""
    hints = [sent(Call("1", "p", 1.0, 200, traffic_class=each, answer_tokens=40))["agent_hints"] for each in CLASSES]
    assert [each["osl"] for each in hints] == [40] * 4
    assert [each.get("priority", 0) for each in hints] == [3, 2, 1, 0]
    assert [each.get("strict_priority", 0) for each in hints] == [3, 2, 1, 0]


def test_a_length_that_nobody_knows_is_not_sent() -> None:
    """The timing is asked for all the same."""
    assert sent(Call("1", "p", 1.0, 200, traffic_class="batch")) == {"extra_fields": ["timing", "worker_id"]}


def test_waiting_is_told_apart_from_the_prompt() -> None:
    """The time to the first token is measured here; what it waited is told, and so is who answered."""
    reading = Reading("m", "host:8000", lambda code, _: ModelUnavailable(code), 0.0)
    for event, now_s in (
        ({"choices": [{"delta": {"content": "a"}}], "nvext": {"worker_id": IDS}}, 0.05),
        ({"choices": [{"delta": {}, "finish_reason": "stop"}], "nvext": {"worker_id": IDS, "timing": QUEUED}}, 0.1),
    ):
        reading.absorb(orjson.dumps(event), now_s)
    done = reading.completion()
    assert (done.queue_ms, done.prefill_ms, done.decode_ms) == pytest.approx((16.79, 33.21, 0.0))
    assert done.replica == "host:8000 worker 12370357150832487669"
    assert (done.kv_hit_rate, done.router_queue) == (0.75, 3)


@pytest.mark.parametrize("waited", [None, True, -1.0, "16", [16.0], {"ms": 1}])
def test_a_wait_that_is_no_number_of_milliseconds_is_not_told(waited: object) -> None:
    """A gateway's own words break no answer."""
    assert extensions.server_figures({"timing": {"prefill_wait_time_ms": waited}}).queue_ms is None
    assert extensions.server_figures({"timing": waited}).queue_ms is None


@pytest.mark.parametrize("told", [None, True, -0.1, "1", [1], float("nan"), {"of": 1}])
def test_a_share_or_a_length_that_is_none_is_not_told(told: object) -> None:
    """The answer is read all the same; nor is there a share above one."""
    timing = {"timing": {"kv_hit_rate": told, "router_queue_depth": told}}
    figures = extensions.server_figures(timing)
    assert (figures.kv_hit_rate, figures.router_queue) == (None, None)
    assert extensions.server_figures({"timing": {"kv_hit_rate": 75}}).kv_hit_rate is None


@pytest.mark.parametrize(
    ("ids", "worker"),
    [
        ({"prefill_worker_id": 1, "decode_worker_id": 2}, "1>2"),
        ({"prefill_worker_id": 1, "decode_worker_id": 1}, "1"),
        ({"prefill_worker_id": 1}, "1"),
        ({"decode_worker_id": 2}, "2"),
        ({"decode_worker_id": None}, ""),
        ({}, ""),
    ],
)
def test_who_answered(ids: Mapping[str, object], worker: str) -> None:
    """One worker, or two: one for the prompt and one for the answer."""
    assert extensions.server_figures({"worker_id": ids}).worker == worker
