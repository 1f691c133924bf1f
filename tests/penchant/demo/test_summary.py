"""What a demonstration says when it is over, on a terminal of 80 by 24."""

from io import StringIO
from pathlib import Path
from typing import Any

from penchant_reader import ReadIntent
from rich.console import Console

from agents.health.statistics import Meter
from agents.match.ranking import Ranked
from agents.match.reasons import Reason, Reasons
from penchant.demo.examples import Example
from penchant.demo.match import MatchExample
from penchant.demo.report import cost, simulated
from penchant.demo.stage import DemoPlan
from penchant.demo.summary import lines, show_figures, show_next, show_shoppers
from penchant.operations.match import Matched
from streams.events.event import Item

DOC = b'{"mission":{"label":"gift","text":"Wants [/] kettles between 60 and 90 EUR"},"stage":"decide"}'
LONG = "Wireless [bold]Headphones[/] with Microphone and Noise Cancelling, Foldable, Black, 40 h Battery"
FITS = Reason("brand", {"brand": "Brivane"}, ("brand",))
DEAR = Reason("price-above", {"over": 74.5, "currency": "EUR"}, ("price",))

REPORT: dict[str, Any] = {
    "calls": 1_279,
    "events": 2_000,
    "sent": 2_000,
    "dead_letters": 0,
    "in_time_for_next": {"any": 0.59, "model": 0.58},
    "cached_token_share": 0.877,
    "cost": {"per_1000_intents": 0.0384, "gpu": "Qwen3-32B on an H100", "per_hour": 4.0},
    "simulated": ["the shoppers", "the GPU and its answers"],
}


def example(shopper: str) -> Example:
    """Somebody with an intent."""
    return Example(shopper, [], ReadIntent(shopper, missing=False, stage="decide", _doc=DOC))


def matched(shopper: str) -> MatchExample:
    """Three products for somebody, each with something for and against it."""
    ids = ("p1", "p2", "p3")
    ranked = tuple(Ranked(each, 0.5, known=True, reasons=Reasons((FITS,), (DEAR,))) for each in ids)
    return MatchExample(
        Matched(shopper, ranked, ()), {each: Item(each, LONG, price=172.99, currency="EUR") for each in ids}
    )


def shown() -> list[str]:
    """The whole summary, by lines."""
    console = Console(file=StringIO(), width=80)
    show_shoppers(console, [example(each) for each in "abc"], [matched(each) for each in "abc"])
    show_figures(console, REPORT)
    show_next(console, [example("a")], Path("run/demo/penchant.toml"))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_it_fits_one_screen() -> None:
    """80 columns and 24 lines, however long the titles are; three matches for the first shopper, one for each other."""
    screen = shown()
    assert len(screen) <= 22  # beside the console's address, and the cursor
    assert max(map(len, screen)) <= 80
    assert sum("✓" in line for line in screen) == 5
    assert sum("172.99 EUR" in line for line in screen) == 3
    assert any("penchant inspect a --config run/demo/penchant.toml" in line for line in screen)


def test_what_a_shop_writes_is_no_markup() -> None:
    """Not in titles, and not in what an intent says."""
    text = "\n".join(shown())
    assert "Wireless [bold]Headphones[/]" in text
    assert "Wants [/] kettles" in text


def test_what_did_not_go_well_is_said() -> None:
    """Events that are still under way, no intent in time, a model that tells no tokens."""
    said = lines(REPORT | {"events": 1_990, "dead_letters": 3, "in_time_for_next": None, "cached_token_share": None})
    assert said["lost"] == "7 events are not taken in yet"
    assert said["in time"] == "nobody has gone on yet"
    assert said["cached"] == "the model does not say"
    assert lines(REPORT | {"cost": None})["cost"] == "no call was answered"


def test_cost_follows_the_tokens() -> None:
    """Twice the uncached prompt costs more, failed calls nothing, and without an answer there is none."""
    some = Meter(calls=11, call_failures=1, input_tokens=10_000, cached_tokens=8_000, output_tokens=360)
    more = Meter(calls=10, input_tokens=12_000, cached_tokens=8_000, output_tokens=360)
    first, second = cost(some), cost(more)
    assert first is not None
    assert second is not None
    assert 0 < first["per_1000_intents"] < second["per_1000_intents"]
    assert cost(Meter(calls=1, call_failures=1)) is None


def test_what_is_simulated_is_named() -> None:
    """A recording on a real Kafka leaves the model alone."""
    assert simulated(DemoPlan(Path()), mock_kafka=True)[0] == "the shoppers"
    assert simulated(DemoPlan(Path(), events=Path("f")), mock_kafka=False) == ["the GPU and its answers"]
