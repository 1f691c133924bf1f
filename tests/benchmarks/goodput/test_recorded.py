"""Recorded traffic: the sessions of a recording at any rate, with their own gaps."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from benchmarks.goodput.bursty import gaps
from benchmarks.goodput.plan import GoodputPlan
from benchmarks.goodput.recorded import RecordedTraffic, sessions
from benchmarks.goodput.trial import Span, SystemName, run
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent

GAPS_S = (0, 1, 1, 30)
START_MS = 1_700_000_000_000
SYSTEMS: tuple[SystemName, SystemName] = "per event", "own prompts"


def recording(folder: Path) -> Path:
    """Twenty shoppers with two sessions each, which begin and go on alike."""
    file, lines = folder / "events.jsonl", []
    for shopper in range(20):
        for visit in range(2):
            at_ms = START_MS + shopper * 7_000 + visit * 7_200_000
            for number, gap_s in enumerate(GAPS_S):
                at_ms += gap_s * 1_000
                item = Item(f"i{number}", category="kettles", price=20.0 + number)
                lines.append(
                    encode(ShopperEvent(f"e{shopper}-{visit}-{number}", f"s{shopper}", "view", at_ms, (item,)))
                )
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def test_sessions_end_with_a_pause_and_keep_their_gaps(tmp_path: Path) -> None:
    """Half an hour without an event begins another one."""
    found = sessions(recording(tmp_path))
    assert len(found) == 40
    assert {tuple(at_s for at_s, _ in each) for each in found} == {(0.0, 1.0, 2.0, 32.0)}
    assert gaps(found)["within_2_s"] == 0.6667


def test_the_rate_is_what_was_asked_for(tmp_path: Path) -> None:
    """Each session is a shopper of its own, whose events keep their distance; the same for a seed."""
    found = sessions(recording(tmp_path))
    traffic = RecordedTraffic(found, 10.0, 600.0)
    assert abs(len(traffic.arrivals) / 600.0 - 10.0) < 1.0
    assert traffic.arrivals == RecordedTraffic(found, 10.0, 600.0).arrivals
    assert [each.offset for each in traffic.before + traffic.arrivals] == list(
        range(len(traffic.before) + len(traffic.arrivals))
    )
    one = [each for each in traffic.arrivals if each.shopper == traffic.arrivals[200].shopper]
    assert {round(later.at_s - each.at_s) for each, later in pairwise(one)} <= {1, 30}


def test_own_prompts_answer_each_event(tmp_path: Path) -> None:
    """One call an event, and more of what shoppers' own lines are is cached than of a window of JSON lines."""
    found = sessions(recording(tmp_path))
    plan = GoodputPlan(span=Span(4.0, 6.0, 6.0))
    theirs, ours = (run(replace(plan.trial(each, 2.0), sessions=found)) for each in SYSTEMS)
    assert theirs["fresh_share"] == ours["fresh_share"] == 1.0
    assert abs(ours["calls"] - ours["events"]) <= 4
    assert ours["prefilled_tokens"] < theirs["prefilled_tokens"]
    assert ours["output_tokens"] < theirs["output_tokens"]
