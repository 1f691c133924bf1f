"""The bench of disaggregation: what it reports, and that its arithmetic is that of the simulated GPU."""

import pytest

from benchmarks.disaggregated.campaign import DisaggregationPlan, measure
from benchmarks.disaggregated.layouts import Layout, run
from benchmarks.disaggregated.shapes import OURS, SESSIONS, SOURCE
from sandbox.gpu.timing import Timing
from sandbox.gpu.tokens import tokens


def test_requests_are_as_their_shape_says() -> None:
    """Always the same for one seed; a shopper's next prompt begins with the last one, and is longer."""
    requests = list(SESSIONS.requests(5.0, 60.0))
    assert requests == list(SESSIONS.requests(5.0, 60.0))
    assert 200 < len(requests) < 400
    last: dict[int, str] = {}
    for asked in requests:
        assert asked.prompt.startswith(last.get(asked.shopper, ""))
        assert tokens(asked.prompt) > tokens(last.get(asked.shopper, ""))
        last[asked.shopper] = asked.prompt
    assert len(last) < len(requests)
    sizes = [tokens(asked.prompt) for asked in SOURCE.requests(5.0, 60.0)]
    assert min(sizes) >= 2_000
    assert max(sizes) <= 4_000


@pytest.mark.parametrize("layout", [Layout(both=2), Layout(prefill=1, decode=1)])
def test_every_request_is_answered_or_refused(layout: Layout) -> None:
    """On GPUs that do both and on those that do one; a prompt that is found in the cache is not computed."""
    requests = list(OURS.requests(4.0, 10.0))
    found = run(layout, Timing(), requests)
    assert found["requests"] + found["refused"] == len(requests)
    assert 0 < found["cached_share"] < 1
    assert found["first_token_ms"]["p50"] < found["whole_ms"]["p50"]
    assert run(layout, Timing(), requests, lambda asked: asked.shopper == 1)["requests"] < len(requests)


async def test_it_reports_layouts_routes_and_long_prompts() -> None:
    """For both shapes, both ways to route, and each size of a chunk."""
    lines: list[str] = []
    plan = DisaggregationPlan(seconds=3.0, layouts=(Layout(both=2), Layout(prefill=1, decode=1)), chunks=(512,))
    report = await measure(plan, lines.append)
    assert [(row["shape"], row["gpus"]) for row in report["holds"]] == [(SOURCE.name, 2)] * 2 + [(OURS.name, 2)] * 2
    assert [row["spread"] for row in report["routed"]] == ["shopper", "least"] * 2
    assert report["routed"][0]["cached_share"] >= report["routed"][1]["cached_share"]
    assert [row["chunk"] for row in report["long_prompts"]] == [512]
    assert lines
