"""The bench of prompts in its smallest form: what it reports, and what its shares mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from benchmarks import prompts, tables
from benchmarks.prefixes import Follower, Shares, common, follow
from prompts.render import PromptRenderer
from prompts.tokens import estimate
from streams.events.decoding import encode
from streams.events.event import Item, ShopperEvent
from streams.sessions.session import SessionRules
from streams.sessions.triggers import TriggerRules

PLAN = prompts.PromptCostPlan(shoppers=5, events=300, rounds=2, windows=1)
RENDERER = PromptRenderer("v1")
REES46 = b"""event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session
2019-10-01 00:00:00 UTC,view,1,9,kitchen.kettle,tarn,33.20,7,s
2019-10-01 00:00:30 UTC,view,2,9,kitchen.kettle,tarn,35.20,7,s
2019-10-01 00:01:00 UTC,cart,2,9,kitchen.kettle,tarn,35.20,7,s
"""


def looks(number: int, shopper: str = "s") -> list[ShopperEvent]:
    """So many looks at products of their own, a minute apart."""
    return [
        ShopperEvent(f"{shopper}-{at}", shopper, "view", at * 60_000, (Item(f"p{at}", f"Kettle {at}", "kettles"),))
        for at in range(number)
    ]


def test_what_is_reported(tmp_path: Path) -> None:
    """The simulation and a recording, each with shares, tokens and answers; rendering beside a plain dump."""
    path = tmp_path / "recording.csv"
    path.write_bytes(REES46)
    report = prompts.run(PLAN, path, None, lambda _: None)
    assert report["render_us"] > 0 < report["naive_json_us"]
    assert list(report["traffic"]) == ["simulated", "recording.csv"]
    for traffic in report["traffic"].values():
        assert 0 < traffic["prefix_share"]["every"]["mean"] <= 1
        assert traffic["constant_tokens"] < traffic["prompt_tokens"]["median"]
        assert traffic["answer_tokens"]["median"] < traffic["naive_answer_tokens"]["median"]
    assert report["traffic"]["recording.csv"]["prefix_share"]["grown"] is None
    tables.show_prompts(Console(quiet=True), report)


def test_every_window_is_full() -> None:
    """What is timed has 60 lines."""
    assert [session.height for session in prompts.windows(3)] == [60, 60, 60]
    assert all(encode(event) for event in prompts.simulated(PLAN))


def test_a_sliding_window_shares_less() -> None:
    """Once it is full every event changes its beginning; cuts of ours come once a chunk."""
    rules = SessionRules(high_rows=20, low_rows=10)
    slides = SessionRules(high_rows=10, low_rows=10)
    ours, sliding = (Follower(RENDERER, estimate, each, 10) for each in (rules, slides))
    assert len(list(follow(looks(60), (ours, sliding), TriggerRules()))) == 60
    assert ours.found.past_window.prompts == sliding.found.past_window.prompts == 50
    assert ours.found.past_window.mean().middle > 0.9
    assert sliding.found.past_window.mean().middle < 0.8
    assert ours.found.blocks.mean().middle < ours.found.grown.mean().middle < 1
    assert ours.found.history.mean().middle < ours.found.grown.mean().middle


def test_prompts_are_asked_for_as_the_triggers_say() -> None:
    """Three looks within a second make one prompt, which shows them all."""
    quick = [ShopperEvent(f"e{at}", "s", "view", at * 300, (Item("p1", "Kettle"),)) for at in range(3)]
    ((_, text),) = follow(quick, (Follower(RENDERER, estimate, SessionRules(), 10),), TriggerRules())
    assert "\n#3 0m view p1\nAnswer:" in text


def test_shares_of_one_shopper_are_no_independent_trials() -> None:
    """Ten prompts each of two shoppers are two trials."""
    one, many = Shares(), Shares()
    for shopper, share in (("a", 0.2), ("b", 0.6)):
        one.add(shopper, share)
        for _ in range(10):
            many.add(shopper, share)
    assert many.prompts == 20
    assert many.mean().middle == pytest.approx(0.4)
    assert many.mean().bounds == one.mean().bounds


@given(st.text("ab"), st.text("ab"), st.text("ab"))
def test_common_is_the_longest_common_beginning(beginning: str, one: str, other: str) -> None:
    """No character less, and none more."""
    one, other = beginning + one, beginning + other
    length = common(one, other)
    assert one[:length] == other[:length]
    assert one[length : length + 1] != other[length : length + 1] or length == len(one) == len(other)
