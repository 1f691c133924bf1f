"""The search for the rate that a core holds, and the server that answers it."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.answering import EVENTS, AnsweringServer
from benchmarks.paced import Pace, Run
from benchmarks.stamps import PARTS, Stamps
from benchmarks.steady import SteadyPlan, following, held, report_of
from clients.calls import Call
from clients.dialects.openai import OpenAIClient
from sandbox.gpu.answers import LOOKS_AROUND


def ran(rate: float, *, calls: float = 0.9, tail_s: float = 0.0, cpu_us: float = 1_000.0) -> Run:
    """A run of a thousand events."""
    figures = {"events": 1_000, "calls": 1_000 * calls, "cpu_s": cpu_us / 1e3, "loop_lag_ms": {}, "parts_us": {}}
    return Run(Pace(rate, 10.0), figures, 0.0, tail_s)


def test_a_rate_is_held_when_no_call_is_left_out_and_nothing_is_left_over() -> None:
    """Calls are compared with those at the lowest rate: some events ask for none."""
    first = ran(100)
    assert held(first, first)
    assert held(ran(500, calls=0.89), first)
    assert not held(ran(500, calls=0.8), first)
    assert not held(ran(500, tail_s=2.0), first)


def test_the_search_grows_by_large_factors_and_then_halves_the_gap() -> None:
    """It ends when the bounds are close, and goes below rates that are not held until one is."""
    missed = ran(950, calls=0.5)
    assert following([ran(100)]) == 1_000  # what its processor time says is more than half as much again
    assert following([ran(100), ran(900)]) == 1_350
    assert following([ran(100), missed]) == 525
    assert following([ran(100), missed, ran(525)]) == 738
    assert following([ran(100), missed, ran(920)]) is None
    assert following([ran(90, tail_s=3.0)]) == 60
    assert following([ran(90, tail_s=3.0), ran(60)]) == 75


@pytest.mark.parametrize("limit", [70, 203, 333, 437, 520, 870, 1_700])
def test_the_search_comes_close_to_what_a_core_holds_within_its_steps(limit: float) -> None:
    """Though an event takes half as much again at low rates, so that its cost there says too little."""
    plan, runs = SteadyPlan(), list[Run]()
    rate: float | None = plan.first
    while rate is not None and len(runs) < plan.steps:
        cpu_us = 1e6 / limit * (1 + 0.5 * max(1 - rate / limit, 0.0))
        runs.append(ran(rate, cpu_us=cpu_us, tail_s=0.0 if rate <= limit else 2.0))
        rate = following(runs)
    found = report_of(runs)["events_per_second_core"]
    assert limit / 1.06 <= found <= limit


def test_a_rate_that_was_not_held_is_not_reported() -> None:
    """Nor one between those that were run."""
    assert report_of([ran(200), ran(300), ran(450, calls=0.5)])["events_per_second_core"] == 300
    assert report_of([ran(200, tail_s=3.0)])["events_per_second_core"] == 0


def test_an_event_has_its_parts_once_every_stamp_is_there() -> None:
    """The model's own time, between asked and answered, is in none of them."""
    stamps = Stamps()
    for number, stamp in enumerate(["sent", "taken", "chosen", "asked", "answered", "handed"]):
        stamps.seconds[stamp] = {(0, 7): number / 1e3}
    assert stamps.added_ms((0, 7)) is None
    stamps.seconds["readable"] = {(0, 7): 6 / 1e3}
    assert stamps.added_ms((0, 7)) == pytest.approx(dict.fromkeys(PARTS, 1.0))
    assert stamps.added_ms((0, 8)) is None


async def test_the_minimal_server_answers_as_a_real_one_streams(tmp_path: Path) -> None:
    """Every prompt alike, an event a token, and it tells what it cost."""
    async with AnsweringServer(tmp_path, 0.0) as server:
        client = OpenAIClient(server.url)
        try:
            assert "minimal" in await client.probe()
            deadline_s = asyncio.get_running_loop().time() + 10
            prompts = ("one", "two" * 50_000, "three")
            answers = [await client.complete(Call(each[:3], each, deadline_s, 100)) for each in prompts]
        finally:
            await client.close()
        assert {each.text for each in answers} == {LOOKS_AROUND}
        assert answers[0].output_tokens == EVENTS - 3  # beside them: the finish, the usage, the end
        assert (await server.cost())[1] == 3
