"""The bench of calls in its smallest form: what it reports, and that nothing is left of its calls."""

from pathlib import Path

import pytest

from benchmarks import calls, soak
from benchmarks.dialects import TOKENS, answer
from sandbox.gpu.tokens import tokens
from sandbox.servers import triton

pytestmark = [pytest.mark.slow, pytest.mark.triton]

DIALECTS = ["triton", "triton-llmapi", "triton-http", "openai", "openai-completions"]


@pytest.fixture(autouse=True)
def tritonserver() -> None:
    """Needed by all of these."""
    if why := triton.missing():
        pytest.skip(f"NO TRITONSERVER: {why}")


async def test_what_calls_cost(tmp_path: Path) -> None:
    """The keys that the design promises, for every dialect."""
    lines: list[str] = []
    plan = calls.ClientCostPlan((calls.Level(4, 20.0, 8),), rounds=2)
    report = await calls.run(plan, tmp_path, lines.append)
    assert [row["dialect"] for row in report["calls"]] == DIALECTS
    for row in report["calls"]:
        assert row["cpu_ms"] > 0
        assert 0 < row["added_ms"]["p50"] <= row["added_ms"]["p99"]
        assert (row["in_flight"], row["calls"]) == (4, 16)
    assert report["versions"]["tritonserver"].endswith("simulated GPU")
    assert lines


async def test_nothing_is_left(tmp_path: Path) -> None:
    """Of calls of which many are abandoned, none is left on a server, and no task here."""
    report = await soak.run(soak.SoakPlan(calls=100, abandoned=0.5, at_once=10), tmp_path, lambda _: None)
    assert [row["dialect"] for row in report["soak"]] == DIALECTS
    for row in report["soak"]:
        assert row["answered"] + row["abandoned"] == row["calls"] == 100
        assert row["answered"] > 20
        assert row["abandoned"] > 20
        assert (row["left_on_server"], row["tasks_left"]) == (0, 0)


def test_answers_take_the_time_that_is_taken_off() -> None:
    """Whatever the prompt, an answer has as many tokens as the model's time is reckoned by."""
    assert tokens(answer("")) == tokens(answer("anything")) == TOKENS
